"""Figures for Prometheus: requests of this process, jobs of the whole installation.

Job figures are read from the database when they are asked for: workers are other processes,
perhaps on other machines, and the database is what they share.
"""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from typing_extensions import override

from telecine.api.services import Services
from telecine.core import jobs, webhooks
from telecine.core.jobs import JobStatus

_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 120, 600)


class Metrics:
    """The registry of one API process."""

    def __init__(self, services: Services) -> None:
        self._registry = CollectorRegistry()
        self._requests = Counter(
            "telecine_http_requests",
            "HTTP requests answered.",
            ["method", "route", "status"],
            registry=self._registry,
        )
        self._seconds = Histogram(
            "telecine_http_request_seconds",
            "Time from the request's first byte to the answer's last.",
            ["method", "route"],
            buckets=_BUCKETS,
            registry=self._registry,
        )
        self._registry.register(_JobFigures(services))
        self._registry.register(_PreviewFigures(services))

    def observe(self, *, method: str, route: str, status: int, seconds: float) -> None:
        """Count one request."""
        self._requests.labels(method, route, str(status)).inc()
        self._seconds.labels(method, route).observe(seconds)

    def exposition(self) -> bytes:
        """Return all figures in Prometheus' text format. Reads the database: call in a thread."""
        return generate_latest(self._registry)


class _JobFigures(Collector):
    def __init__(self, services: Services) -> None:
        self._services = services

    @override
    def collect(self) -> Iterator[Metric]:
        now = self._services.clock()
        with self._services.db.snapshot() as tx:
            counts = jobs.count_by_status(tx)
            oldest = jobs.active(tx, most=1)
            n_untold, due_at = webhooks.backlog(tx)
        total = GaugeMetricFamily(
            "telecine_jobs", "Jobs by operation and status.", labels=["operation", "status"]
        )
        for (operation, status), number in counts.items():
            total.add_metric([operation, status], number)
        yield total
        depth = sum(n for (_, status), n in counts.items() if status is JobStatus.QUEUED)
        yield GaugeMetricFamily("telecine_queue_depth", "Jobs that wait for a worker.", depth)
        waited = (now - oldest[0].created_at).total_seconds() if oldest else 0.0
        yield GaugeMetricFamily(
            "telecine_oldest_active_job_seconds", "Age of the oldest job not ended.", waited
        )
        yield GaugeMetricFamily(
            "telecine_webhooks_pending", "Deliveries of webhooks that wait for a try.", n_untold
        )
        late = max(0.0, (now - due_at).total_seconds()) if due_at else 0.0
        yield GaugeMetricFamily(
            "telecine_webhooks_late_seconds", "How long ago the first of them was due.", late
        )


class _PreviewFigures(Collector):
    def __init__(self, services: Services) -> None:
        self._previews = services.previews

    @override
    def collect(self) -> Iterator[Metric]:
        yield CounterMetricFamily(
            "telecine_preview_segments",
            "Segments rendered for previews.",
            self._previews.n_segments,
        )
        yield GaugeMetricFamily(
            "telecine_preview_sessions",
            "Compositions that are rendered for previews at this moment.",
            self._previews.n_sessions,
        )
