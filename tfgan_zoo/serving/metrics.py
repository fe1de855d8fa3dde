"""Counters and histograms under TensorFlow Serving's names, and the page on which Prometheus reads them.

prometheus_client would add `_total` to the names of counters, which dashboards for the real server do
not expect; the text format is short enough to write.
"""

import bisect
import collections

REQUEST_COUNT = ":tensorflow:serving:request_count"
REQUEST_LATENCY = ":tensorflow:serving:request_latency"
RUNTIME_LATENCY = ":tensorflow:serving:runtime_latency"
QUEUING_LATENCY = ":tensorflow:serving:batching_session:queuing_latency"
LOAD_LATENCY = ":tensorflow:cc:saved_model:load_latency"
LOAD_ATTEMPTS = ":tensorflow:cc:saved_model:load_attempt_count"
_BOUNDS = [10 * 1.8**i for i in range(33)]  # microseconds; up to about 20 minutes
DEFAULT_PATH = "/monitoring/prometheus/metrics"


class Metrics:
    """Values by metric name and labels. Only the event loop's thread may change them."""

    def __init__(self):
        self._counters = collections.defaultdict(lambda: collections.defaultdict(int))
        self._histograms = collections.defaultdict(lambda: collections.defaultdict(_Histogram))

    def count(self, name, **labels):
        self._counters[name][tuple(labels.items())] += 1

    def observe(self, name, microseconds, **labels):
        self._histograms[name][tuple(labels.items())].add(microseconds)

    def add(self, name, microseconds, **labels):
        """Adds to a counter of microseconds."""
        self._counters[name][tuple(labels.items())] += int(microseconds)

    def page(self):
        """The page in Prometheus's text format, version 0.0.4."""
        lines = []
        for name, points in sorted(self._counters.items()):
            lines.append(f"# TYPE {name} counter")
            lines += [f"{name}{{{_text(labels)}}} {value}" for labels, value in points.items()]
        for name, points in sorted(self._histograms.items()):
            lines.append(f"# TYPE {name} histogram")
            for labels, histogram in points.items():
                lines += histogram.lines(name, _text(labels))
        return "\n".join(lines) + "\n"


class _Histogram:
    def __init__(self):
        self.counts, self.sum = [0] * (len(_BOUNDS) + 1), 0.0

    def add(self, value):
        self.counts[bisect.bisect_right(_BOUNDS, value)] += 1
        self.sum += value

    def lines(self, name, labels):
        total, comma = 0, "," if labels else ""
        for bound, count in zip([*(f"{b:g}" for b in _BOUNDS), "+Inf"], self.counts, strict=True):
            total += count
            yield f'{name}_bucket{{{labels}{comma}le="{bound}"}} {total}'
        yield f"{name}_sum{{{labels}}} {self.sum:g}"
        yield f"{name}_count{{{labels}}} {total}"


def _text(labels):
    return ",".join(f'{name}="{_escaped(value)}"' for name, value in labels)


def _escaped(value):
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
