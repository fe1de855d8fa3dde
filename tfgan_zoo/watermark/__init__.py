"""An invisible mark in generated images, keyed, with the number of what was drawn; and its detector.

    watermark.create_key("garments.key")
    mark = watermark.Watermark(watermark.read_key("garments.key"), bits=8)
    gan.export("saved_models", "garments", watermark=mark)  # every served image has it
    found = mark.detect(images)  # found.p_value[0] <= 1e-6: image 0 has the mark

The mark is spread-spectrum: the sign of each of many small waves, coefficients of the DCT of blocks of
4x4 pixels of the luma, is drawn from the key by HMAC-SHA-256. docs/watermark.md says what it cannot do.
"""

from tfgan_zoo.watermark.detection import Detection as Detection
from tfgan_zoo.watermark.keys import create_key as create_key
from tfgan_zoo.watermark.keys import read_key as read_key
from tfgan_zoo.watermark.mark import Watermark as Watermark
from tfgan_zoo.watermark.numbers_of import numbers_of as numbers_of
