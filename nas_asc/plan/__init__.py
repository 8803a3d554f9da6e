"""How a search's time is shared out, and what it will take, measured by a few steps on this machine."""

from nas_asc.plan.forecast import Forecast, forecast_search
from nas_asc.plan.front_ends import FrontEndForecast
from nas_asc.plan.per_gpu import PerGpu, measure_per_gpu, plan_per_gpu
from nas_asc.plan.time_plan import TimePlan, plan_time

__all__ = [
    "Forecast",
    "FrontEndForecast",
    "PerGpu",
    "TimePlan",
    "forecast_search",
    "measure_per_gpu",
    "plan_per_gpu",
    "plan_time",
]
