"""The network of `small_latin.pth`: EasyOCR's own VGG model; `small_latin.yaml` says how small.

EasyOCR imports this file by its name and asks it for `Model`.
"""

from easyocr.model.vgg_model import Model

__all__ = ["Model"]
