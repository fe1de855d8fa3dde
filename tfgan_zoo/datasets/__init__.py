"""Images by name, from a folder or from arrays, as data that a resumed run reads on exactly."""

from tfgan_zoo.datasets.balanced import balanced as balanced
from tfgan_zoo.datasets.batch_input import BatchInput as BatchInput
from tfgan_zoo.datasets.degraded import degraded as degraded
from tfgan_zoo.datasets.degraded import load_degraded as load_degraded
from tfgan_zoo.datasets.pairs import load_pairs as load_pairs
from tfgan_zoo.datasets.ranked import ranked as ranked
from tfgan_zoo.datasets.sources import load as load
from tfgan_zoo.datasets.stream import Source as Source
from tfgan_zoo.datasets.stream import array_source as array_source
from tfgan_zoo.datasets.stream import stream as stream
from tfgan_zoo.datasets.stream import to_floats as to_floats
from tfgan_zoo.datasets.unpaired import load_unpaired as load_unpaired
