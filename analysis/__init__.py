"""Votes in, a preference out: the statistics, the report and the exports."""
