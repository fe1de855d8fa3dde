"""Penalties on a critic's gradients and weights: pure functions, and objects with a weight.

A critic is a callable that takes images, float32 `[B, ...]` of any range and rank, and gives logits
`[B]` or `[B, 1]`. The logit of an image may depend on that image alone: batch normalisation in the
critic makes the gradients below those of the batch. Penalties are float32 `[B]`, one value an
example and without a weight. Images are cast to float32 before and gradients come out in float32,
whatever the critic computes in; they can be differentiated again by the critic's variables. Random
draws are arguments, so that the caller owns the seeds.

A `Penalty` is what a model takes: `penalty=R1(weight=10, every=16)`, or its name in `PENALTIES`, which
stands for its defaults.
"""

from tfgan_zoo.penalties.base import Penalty as Penalty
from tfgan_zoo.penalties.functions import clip_weights as clip_weights
from tfgan_zoo.penalties.functions import dragan_penalty as dragan_penalty
from tfgan_zoo.penalties.functions import gradient_penalty as gradient_penalty
from tfgan_zoo.penalties.functions import orthogonal_penalty as orthogonal_penalty
from tfgan_zoo.penalties.functions import r1_penalty as r1_penalty
from tfgan_zoo.penalties.functions import r1_r2_penalty as r1_r2_penalty
from tfgan_zoo.penalties.functions import r1_weight as r1_weight
from tfgan_zoo.penalties.functions import r2_penalty as r2_penalty
from tfgan_zoo.penalties.gradient import DRAGAN as DRAGAN
from tfgan_zoo.penalties.gradient import PENALTIES as PENALTIES
from tfgan_zoo.penalties.gradient import R1 as R1
from tfgan_zoo.penalties.gradient import R1R2 as R1R2
from tfgan_zoo.penalties.gradient import R2 as R2
from tfgan_zoo.penalties.gradient import GradientPenalty as GradientPenalty
from tfgan_zoo.penalties.gradient import get as get
