"""The cloud service and the rooms it is built of: exchange (one request), keeper (journal, cache), client."""

from .client import FROM_SETTINGS, CloudService

__all__ = ["FROM_SETTINGS", "CloudService"]
