"""How a search's time is shared out, and what it will take, measured by a few steps on this machine."""

from nas_asc.plan.designs import usual_designs
from nas_asc.plan.forecast import Forecast, forecast_search
from nas_asc.plan.front_ends import FrontEndForecast
from nas_asc.plan.per_gpu import PerGpu, measure_per_gpu, plan_per_gpu
from nas_asc.plan.time_plan import TimePlan, plan_time
from nas_asc.plan.workers import WorkersForecast, choose_workers, forecast_workers

__all__ = [
    "Forecast",
    "FrontEndForecast",
    "PerGpu",
    "TimePlan",
    "WorkersForecast",
    "choose_workers",
    "forecast_search",
    "forecast_workers",
    "measure_per_gpu",
    "plan_per_gpu",
    "plan_time",
    "usual_designs",
]
