"""How long a search will take, measured by a few training steps on this machine."""

from nas_asc.plan.forecast import Forecast, forecast_search

__all__ = ["Forecast", "forecast_search"]
