"""How a search's time is shared out, and what it will take, measured by a few steps on this machine."""

from nas_asc.plan.forecast import Forecast, forecast_search
from nas_asc.plan.front_ends import FrontEndForecast
from nas_asc.plan.time_plan import TimePlan, plan_time

__all__ = ["Forecast", "FrontEndForecast", "TimePlan", "forecast_search", "plan_time"]
