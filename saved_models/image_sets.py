"""Sets of images of the models: where they come from, what may be shown of them, their licences."""

import pathlib

# What a command's data are, and where they are looked for.
TFDS = (
    "`{name}` of TensorFlow Datasets, prepared in `~/tensorflow_datasets` or the folder that "
    "`--data-dir` names"
)
EMOJI = (
    "the folder `./noto_emoji64`, the PNG files of github.com/googlefonts/noto-emoji (b3e3051, png/128, "
    "Apache-2.0) resized to 64x64, with a `names.json` of their Unicode names"
)
DATA = {
    "noto_emoji64": EMOJI,
    "noto_emoji64_split": "nine tenths of them in the folder `./noto_emoji64_split`, which `python "
    f"benchmarks/text_retrieval.py split ./noto_emoji64 ./noto_emoji64_split` makes of {EMOJI}",
    "avatars32": "the folder `./avatars32`, faces of 16x16 pixels enlarged to 32x32, 50,000 in `train` "
    "and 10,000 in `test`, which `node saved_models/avatars.mjs ./avatars32 32` draws (DiceBear's Pixel "
    "Art 9.4.3, CC0 1.0)",
    "facades": "the folder `./facades`, the CMP facades as pix2pix has them: JPEG files of 512x256, the "
    "photograph left, the labels right, 400 in `train`, 100 in `val` and 106 in `test` "
    "(github.com/TimNiklasWitte/Pix2Pix-Facades, 9eb090e; for research)",
    "facades_halves": "the folder `./facades_halves`, which `python saved_models/halves.py ./facades "
    "./facades_halves` makes of the CMP facades as pix2pix has them (github.com/TimNiklasWitte/"
    "Pix2Pix-Facades, 9eb090e; for research): 400 photographs and 400 label maps, and 106 of each",
    "orange_lemon64": "the folder `./orange_lemon64`, Tiny-ImageNet's oranges (n07747607, in `trainA` "
    "and `testA`) and lemons (n07749582, in `trainB` and `testB`), 64x64, 500 and 50 of each "
    "(ImageNet's terms: research, not commercial)",
    "BSD100": "the folder `./BSD100`, the 100 files of its HR images (github.com/jbhuang0604/SelfExSR, "
    "8f6dd8c, data/BSD100/image_SRF_4/*_HR.png; Berkeley's, for research, not commercial)",
    "div2k": "the folder `./div2k`, the 800 HR images of DIV2K's training set (Agustsson and Timofte "
    "2017, data.vision.ee.ethz.ch/cvl/DIV2K; for research)",
    "df2k": "the folder `./df2k`, images of DIV2K, of Flickr2K and of OutdoorScene, as of Real-ESRGAN",
    "paintings": "the folder `./paintings`, photographs in `trainA` and paintings in `trainB`, in the "
    "paper MS-COCO's and WikiArt's",
    "mosaic": "the folder `./mosaic`, which `python saved_models/styles.py ./mosaic 1 --photographs "
    "'./BSD100/*_HR.png'` makes: BSD100's 100 photographs "
    "(github.com/jbhuang0604/SelfExSR; Berkeley's, for research) and a mosaic drawn by a formula",
    "styles": "the folder `./styles`, which `python saved_models/styles.py ./styles 300 --photographs "
    "'./BSD100/*_HR.png'` makes: BSD100's 100 photographs (github.com/jbhuang0604/SelfExSR; Berkeley's, "
    "for research) and 300 mosaics, strokes, dots and waves drawn by formulas",
    "drawn": "what `python saved_models/styles.py ./drawn 8 --first 1000` draws",
    "scikit_image": "photographs of scikit-image 0.22",
    "rafd": "the folder `./rafd`, faces in a subfolder of each of eight expressions (Langner et al. "
    "2010, rafd.socsci.ru.nl; for research)",
}
# Which pictures a card of a model from images to images may show: all; outputs, since these show nothing
# of the set's; or free ones, of another set of which all may be shown.
SHOWN = {
    "noto_emoji64": ("all", "Apache-2.0"),
    "noto_emoji64_split": ("all", "Apache-2.0"),
    "fashion_mnist": ("all", "MIT"),
    "fashion_mnist_10k": ("all", "MIT"),
    "avatars32": ("all", "CC0 1.0"),
    "facades": (
        "outputs",
        "the set is for research; translations of label maps show none of its photographs",
    ),
    "facades_halves": (
        "outputs",
        "the set is for research; translations show none of its photographs",
    ),
    "orange_lemon64": ("free", "the set is for research, and translations look like its pictures"),
    "BSD100": ("free", "the set is for research, and an enlarged picture is that picture"),
    "div2k": ("free", "the set is for research, and an enlarged picture is that picture"),
    "df2k": ("free", "its sets are for research, and an enlarged picture is that picture"),
    "paintings": ("free", "its sets are for research, and a painted photograph is that photograph"),
    "mosaic": ("free", "whose the photographs are is not known"),
    "styles": ("free", "the set's photographs are for research"),
    "rafd": ("free", "the set is for research, and shows people"),
    "cifar10": ("free", "whose its photographs are is not known"),
    "drawn": ("all", "drawn by formulas"),
    # astronaut, chelsea, coffee and rocket, in the folder skimage/data of its wheel
    "scikit_image": ("all", "NASA's and SpaceX's, in the public domain, or CC0"),
}
NOT_KNOWN = ("free", "what may be shown of the set is not known")
# What may be done with a set, and its name on the Hugging Face Hub where it has one.
RESEARCH = "research, not commercial"
LICENCES = {
    "fashion_mnist": ("MIT", "zalando-datasets/fashion_mnist"),
    "fashion_mnist_10k": ("MIT", "zalando-datasets/fashion_mnist"),
    "mnist": ("CC BY-SA 3.0", "ylecun/mnist"),  # as Keras's page of it says
    "cifar10": ("not stated", "uoft-cs/cifar10"),
    "noto_emoji64": ("Apache-2.0", None),
    "noto_emoji64_split": ("Apache-2.0", None),
    "avatars32": ("CC0 1.0", None),
    "facades": (RESEARCH, None),
    "facades_halves": (RESEARCH, None),
    "orange_lemon64": (RESEARCH, None),
    "BSD100": (RESEARCH, None),
    "div2k": (RESEARCH, None),
    "df2k": (RESEARCH, None),
    "mosaic": (RESEARCH, None),
    "styles": (RESEARCH, None),
    "rafd": (RESEARCH, None),
}
FREE = ("MIT", "Apache-2.0", "CC BY-SA 3.0", "CC0 1.0")


def data_name(path):
    """The name of a set or of its folder: the last part of the path that is known here, or the last."""
    parts = pathlib.Path(path).parts
    return next((part for part in reversed(parts) if part in DATA), parts[-1])


def licences(name):
    """The licence of a set, and that of weights which were trained on it."""
    of_data = LICENCES.get(name, ("not stated", None))[0]
    return of_data, "Apache-2.0" if of_data in FREE else "research, as the data"
