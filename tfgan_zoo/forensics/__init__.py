"""Telling generated images from real ones: detectors, calibrated, and what they cannot know."""

from tfgan_zoo.forensics.calibration import platt as platt
from tfgan_zoo.forensics.calibration import temperature as temperature
from tfgan_zoo.forensics.degradations import BlurJPEG as BlurJPEG
from tfgan_zoo.forensics.degradations import blurred as blurred
from tfgan_zoo.forensics.degradations import jpeg as jpeg
from tfgan_zoo.forensics.degradations import resized as resized
from tfgan_zoo.forensics.detector import Detection as Detection
from tfgan_zoo.forensics.detector import Detector as Detector
from tfgan_zoo.forensics.loading import SHIPPED as SHIPPED
from tfgan_zoo.forensics.loading import load as load
from tfgan_zoo.forensics.loading import shipped as shipped
from tfgan_zoo.forensics.scores import auc as auc
from tfgan_zoo.forensics.scores import calibration_error as calibration_error
from tfgan_zoo.forensics.scores import rate_above as rate_above
from tfgan_zoo.forensics.scores import reliability as reliability
from tfgan_zoo.forensics.scores import threshold_at as threshold_at
from tfgan_zoo.forensics.spectrum import RadialSpectrum as RadialSpectrum
from tfgan_zoo.forensics.training import batches as batches
from tfgan_zoo.forensics.training import labelled as labelled
from tfgan_zoo.forensics.training import train as train
