"""Training whose result tells next to nothing of any single image: differential privacy.

`DCGAN(privacy=DPSGD(l2_norm_clip=1.0, noise_multiplier=1.0), discriminator_normalization=None)` trains
so; `epsilon` and `noise_multiplier` do the sums before, `spent` says what a model has used, and the
functions of `privacy.audit` attack it.
"""

from tfgan_zoo.privacy import audit as audit
from tfgan_zoo.privacy.accounting import epsilon as epsilon
from tfgan_zoo.privacy.accounting import noise_multiplier as noise_multiplier
from tfgan_zoo.privacy.budget import spent as spent
from tfgan_zoo.privacy.dpsgd import DPSGD as DPSGD
from tfgan_zoo.privacy.dpsgd import get as get
