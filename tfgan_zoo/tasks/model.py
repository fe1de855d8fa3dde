"""What every model of the zoo has, whatever it makes: options, networks, a configuration."""

import keras

from tfgan_zoo import deprecated, numbers, presets
from tfgan_zoo.engine import construction, legacy, options
from tfgan_zoo.engine.frozen import freeze_first, freeze_layers, frozen_layers
from tfgan_zoo.engine.keras_methods import KerasMethods
from tfgan_zoo.tasks import copies
from tfgan_zoo.tasks.building import building


class ZooModel(KerasMethods):
    """The constructor and the configuration of a model, from its table `defaults`.

    Every row of the table is an argument of the constructor, an attribute of the model and a part of its
    configuration. A class defines `build_networks`.
    """

    presets = presets.PresetsOfClass()  # `DCGAN.presets`: {name: Preset}, of subclasses too
    bounds = {}  # ranges of a class's own options, beside `defaults`: see `kinds.kind_of`
    before = {}  # of options that older versions did not have: what their models did
    origin = None  # of weights that others published: a dictionary, kept with the model
    learned_before = (
        None  # with privacy or without, where the model trains otherwise: `privacy.earlier`
    )
    unused_options = ()  # arguments of a base class that a variant's networks do not use
    defaults = {}
    _given: tuple  # the arguments of the constructor

    def __init_subclass__(cls, **kwargs):
        super().__init_subclass__(**kwargs)
        cls.defaults = {**cls._inherited_defaults(), **cls.__dict__.get("defaults", {})}
        cls.bounds = {**super(cls, cls).bounds, **cls.__dict__.get("bounds", {})}
        cls.__signature__ = options.signature({**cls.defaults, "name": None, "dtype": None})
        keras.saving.register_keras_serializable(package=cls.__module__.split(".")[0])(cls)

    def __new__(cls, *args, **kwargs):
        model = super().__new__(cls)
        object.__setattr__(model, "_given", (args, kwargs))
        return model

    def __setattr__(self, name, value):
        if name in ("objective", "penalty", "regularizers", "privacy") and getattr(
            self, "built", False
        ):
            raise AttributeError(
                f"{name} is set when the model is made, and saved with it. Make a new one: "
                f"{type(self).__name__}({name}={value!r}), or tfgan_zoo.from_preset(folder, {name}=…)."
            )
        super().__setattr__(name, value)

    def __dir__(self):
        """Without old names, of which Keras would ask for each when it saves a model."""
        names = super().__dir__()
        return [
            n for n in names if not isinstance(getattr(type(self), n, None), deprecated.Renamed)
        ]

    def __init__(self, *args, name=None, dtype=None, **kwargs):
        policy = construction.checked_policy(type(self).__name__, dtype)
        resolved = self._resolved(policy, args, kwargs)
        super().__init__(name=name, dtype=policy)
        own = {k: v for k, v in resolved.items() if not isinstance(v, keras.Model)}
        object.__setattr__(self, "_options", own)  # not followed by Keras
        for option, value in resolved.items():
            setattr(self, option, value)
        self.iterations = self.add_state("iterations", 0, "int64")
        self._add_states()
        with building(self.dtype_policy, self.seed):
            self._adopt_networks()
            self.build_networks()
        self._check_networks()
        for average, network in self.ema_pairs():
            average.trainable = False
            average.set_weights(network.get_weights())
            average.name = f"ema_{network.name}"
        self.built = True  # or `fit` under a strategy would call the model with images

    def freeze_discriminator_layers(self, count):
        """Freezes the discriminator's first layers, those nearest to the image, before `compile`.

        What they see in pictures, edges and textures, is of use for other pictures too: kept as it is,
        fine-tuning on few of them overfits later (FreezeD). The configuration keeps which are frozen.
        Batch normalization that is frozen uses its moving statistics, as in Keras.

        Args:
            count: Int. How many of the layers with weights to train, in the order of
                `discriminator.layers`; all others train. 0: none is frozen.

        Raises:
            ValueError: A count below 0, or of all layers; a model without a discriminator.

        References: Mo et al., "Freeze the Discriminator: a Simple Baseline for Fine-Tuning GANs", 2020.
        """
        count = numbers.integer("count", count, low=0)
        networks = [n for name, n in self.networks().items() if "discriminator" in name]
        if not networks:
            raise ValueError(f"{type(self).__name__} has no discriminator to freeze layers of.")
        freeze_first(networks, count)

    # === Hooks ===

    def build_networks(self):
        """Makes all networks."""
        raise NotImplementedError(f"{type(self).__name__} must define build_networks().")

    def networks(self):
        """`{name: network}` of all networks, whose weights a saved model has."""
        names = ("generator", "discriminator", "ema_generator")
        return {name: getattr(self, name) for name in names}

    @classmethod
    def loader_arguments(cls, options):
        """What the function of `datasets` that loads the data is given of the model's options."""
        height, width, channels = options["image_shape"]
        return {"image_size": (height, width), "channels": channels}

    @classmethod
    def _inherited_defaults(cls):
        """The options of a class's base."""
        return dict(super(cls, cls).defaults)

    def _resolved(self, policy, args, kwargs):
        """All options, of what the constructor was given."""
        return options.resolve(type(self), args, kwargs)

    def _add_states(self):
        """Adds what the model keeps beside its networks."""

    def _adopt_networks(self):
        """Builds and checks networks that were given."""

    def _check_networks(self):
        """Refuses networks that could not be trained."""

    # === Configuration ===

    def get_config(self):
        general = {"name": self.name, "dtype": self.dtype_policy.name}
        own = construction.own_arguments(type(self), self._given)
        own = self._own_options() if own is None else own
        config = general | options.as_config(copies.as_config(type(self), own))
        if self.class_names:
            config["class_names"] = list(self.class_names)
        if self.origin:
            config["origin"] = dict(self.origin)
        if self.learned_before:
            config["learned_before"] = [dict(stage) for stage in self.learned_before]
        frozen = frozen_layers(self)
        return {**config, "frozen": frozen} if frozen else config

    def _own_options(self):
        return self._options

    @classmethod
    def from_config(cls, config):
        """The model of a configuration; "overrides" in it are put in place of its own values."""
        config = dict(config)
        overrides = config.pop("overrides", {})
        if overrides.get("num_classes", ...) not in (..., config.get("num_classes")):
            config.pop("class_names", None)  # of the classes that there were
        config = {**legacy.translated(cls, config, warn=False), **overrides}
        config = legacy.translated(cls, config)
        frozen, class_names = config.pop("frozen", []), config.pop("class_names", None)
        origin, before = config.pop("origin", None), config.pop("learned_before", None)
        model = cls(**config)
        model.class_names, model.origin, model.learned_before = class_names, origin, before
        if frozen:
            freeze_layers(model, frozen)
        return model

    def save_to_preset(self, path):
        """Writes a folder that `from_preset` loads. See `tfgan_zoo.sharing.save_to_preset`."""
        from tfgan_zoo.sharing import save_to_preset  # gRPC, which only exporting needs

        construction.check_saved(self)
        return save_to_preset(self, path)

    @classmethod
    def from_preset(cls, name, load_weights=True, **overrides):
        """Makes the model that a preset names. See `tfgan_zoo.from_preset`."""
        return presets.from_preset(name, load_weights, model_class=cls, **overrides)
