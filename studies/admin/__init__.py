"""The researcher's view of studies, one module a subject; Django loads this package."""

from . import curations, leaving, plans, recruitment, studies

__all__ = ["curations", "leaving", "plans", "recruitment", "studies"]
