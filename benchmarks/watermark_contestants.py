"""Other people's watermarks, in the Python that has them; `watermark.py` runs this file.

python benchmarks/watermark_contestants.py embed IN.npz OUT.npz
python benchmarks/watermark_contestants.py extract IN.npz OUT.npz

One process does all of them, since their imports take long. To embed, IN has `images`, uint8
[N, H, W, 3], and bits [N, B] by method; OUT has images by method. To extract, IN has images by method,
and in `bits` how many each has, in the order of `METHODS`; OUT has bits by method. A method that refuses
leaves `METHOD_error`. Needs `pip install invisible-watermark blind-watermark onnxruntime`.
"""

import contextlib
import sys

import numpy as np

METHODS = ("dwtDct", "dwtDctSvd", "rivaGan", "blind_watermark")


def embed(method, image, bits):
    """A marked image; both packages take channels in the order blue, green, red."""
    image = np.ascontiguousarray(image[..., ::-1])
    if method == "blind_watermark":
        made = _blind()
        made.read_img(img=image)
        made.read_wm(bits.astype(bool), mode="bit")
        found = made.embed()
    else:
        from imwatermark import WatermarkEncoder

        encoder = WatermarkEncoder()
        encoder.set_watermark("bits", bits.tolist())
        found = encoder.encode(image, method)
    return np.uint8(np.clip(np.round(found), 0, 255))[..., ::-1]


def extract(method, image, count):
    """Its bits."""
    image = np.ascontiguousarray(image[..., ::-1])
    if method == "blind_watermark":
        return _blind().extract(embed_img=image, wm_shape=count, mode="bit") > 0.5
    from imwatermark import WatermarkDecoder

    return np.array(WatermarkDecoder("bits", count).decode(image, method)) > 0


def _blind():
    from blind_watermark import WaterMark

    return WaterMark(password_wm=1, password_img=1)


def _embedded(given, method):
    return [embed(method, *pair) for pair in zip(given["images"], given[method], strict=True)]


def _extracted(given, method):
    count = int(given["bits"][METHODS.index(method)])
    return [extract(method, image, count) for image in given[method]]


def main(command, source, target):
    with np.load(source) as file:
        given, found = dict(file), {}
    run = {"embed": _embedded, "extract": _extracted}[command]
    for method in METHODS:
        if method not in given:
            continue
        try:
            if method == "rivaGan":
                from imwatermark import WatermarkEncoder

                WatermarkEncoder.loadModel()
            with contextlib.redirect_stdout(sys.stderr):
                found[method] = np.stack(run(given, method))
        except Exception as error:
            found[f"{method}_error"] = np.array(str(error))
    np.savez(target, **found)


if __name__ == "__main__":
    main(*sys.argv[1:])
