"""GANs for Keras and TensorFlow: `fit` them, load them, serve them."""

from . import augment as augment
from . import callbacks as callbacks
from . import convert as convert
from . import datasets as datasets
from . import engine as engine
from . import evaluation as evaluation
from . import export as export
from . import latent as latent
from . import layers as layers
from . import losses as losses
from . import metrics as metrics
from . import models as models
from . import penalties as penalties
from . import presets as presets
from . import regularizers as regularizers
from . import runs as runs
from . import serving as serving
from . import visualization as visualization
from .models import ACGAN as ACGAN
from .models import BEGAN as BEGAN
from .models import DCGAN as DCGAN
from .models import GAN as GAN
from .models import LSGAN as LSGAN
from .models import R3GAN as R3GAN
from .models import SAGAN as SAGAN
from .models import SNGAN as SNGAN
from .models import SSGAN as SSGAN
from .models import VAEGAN as VAEGAN
from .models import WGAN as WGAN
from .models import WGANGP as WGANGP
from .models import BigGAN as BigGAN
from .models import BigGANDeep as BigGANDeep
from .models import ConditionalGAN as ConditionalGAN
from .models import InfoGAN as InfoGAN
from .models import ProGAN as ProGAN
from .models import StyleGAN as StyleGAN
from .models import StyleGAN2 as StyleGAN2
from .models import TextGAN as TextGAN
from .models import VanillaGAN as VanillaGAN
from .precision import auto_precision as auto_precision
from .presets import from_preset as from_preset
from .presets import list_presets as list_presets

__version__: str
