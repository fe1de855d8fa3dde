"""Models from elsewhere: what their graphs may do, and which classes their files may name."""

import asyncio
import json
import pathlib
import shutil
import zipfile

import keras
import pytest
import tensorflow as tf
from cases import make
from tensorflow.core.protobuf import saved_model_pb2

import tfgan_zoo
from tfgan_zoo import evaluation, files, presets, serving, trust
from tfgan_zoo.cli import console
from tfgan_zoo.serving import server
from tfgan_zoo.serving.flags import parse
from tfgan_zoo.serving.loader import Loader
from tfgan_zoo.serving.manager import Manager
from tfgan_zoo.serving.servable import Servable
from tfgan_zoo.serving.statuses import StatusError, from_exception
from tfgan_zoo.trust import saved_models

MODELS = pathlib.Path(__file__).parents[1] / "saved_models"
SEED = tf.TensorSpec([None], tf.int64, "seed")


# === Graphs ===


@pytest.mark.parametrize("path", sorted(MODELS.glob("*/1")), ids=lambda path: path.parent.name)
def test_all_models_of_the_zoo_compute_only(path):
    """Or decode pictures, and do nothing else: those from images to images."""
    content = (path / "saved_model.pb").read_bytes()
    saved_model = saved_model_pb2.SavedModel.FromString(content)
    before = saved_model.ByteSize()
    trust.check_graphs(path / "saved_model.pb", saved_model.meta_graphs)
    assert saved_model.ByteSize() == before  # it was only looked at
    problems = {text for graph in saved_model.meta_graphs for text in saved_models._problems(graph)}
    model = presets.get_preset(path.parent.name).model_class
    decoders = {"DecodePng", "DecodeBmp"} if issubclass(model, tfgan_zoo.ImageToImage) else set()
    assert {text.partition(" ")[0] for text in problems} == decoders


def test_known_graphs_are_those_of_the_zoo_that_decode():
    models = {
        path.parent.name: files.sha256(path / "saved_model.pb") for path in MODELS.glob("*/1")
    }
    kinds = {name: presets.get_preset(name).model_class for name in models}
    expected = {
        sha256: name
        for name, sha256 in models.items()
        if issubclass(kinds[name], tfgan_zoo.ImageToImage)
    }
    assert saved_models.known_graphs() == expected


def test_a_known_graph_that_was_changed_is_refused(tmp_path):
    folder = pathlib.Path(shutil.copytree(MODELS / "pix2pix_facades_128", tmp_path / "model")) / "1"
    trust.check(folder)
    assert serving.verify(folder)
    file = folder / "saved_model.pb"
    saved_model = saved_model_pb2.SavedModel.FromString(file.read_bytes())
    saved_model.meta_graphs[0].meta_info_def.tags.append("other")
    with pytest.raises(trust.UntrustedModelError, match="DecodePng"):
        trust.check_graphs(file, saved_model.meta_graphs)  # not those of the file
    file.write_bytes(saved_model.SerializeToString())
    with pytest.raises(trust.UntrustedModelError, match="DecodePng"):
        trust.check(folder)


raw = tf.raw_ops


def saved(folder, function, *tracked):
    """A SavedModel whose signature is `function`, of a seed."""
    module = tf.Module()
    module.tracked = tracked
    module.serve = tf.function(function, input_signature=[SEED], autograph=False)
    tf.saved_model.save(module, str(folder), signatures={"serving_default": module.serve})
    return folder


def in_branch(function):
    def branch(seed):
        return {"x": tf.cond(seed[0] > 0, lambda: function(), lambda: tf.constant("no"))}

    return branch


def in_loop(function):
    def loop(seed):
        return {"x": tf.map_fn(lambda _: function(), seed, fn_output_signature=tf.string)}

    return loop


def of_dataset(dataset):
    def read(seed):
        return {"x": dataset().reduce(tf.constant(""), lambda old, new: old + new)}

    return read


def write_summary(seed):
    writer = raw.SummaryWriter(shared_name="w", container="")
    made = raw.CreateSummaryFileWriter(
        writer=writer, logdir="/tmp/never", max_queue=1, flush_millis=1, filename_suffix=""
    )
    with tf.control_dependencies([made]):
        return {"x": tf.identity(seed)}


def print_to_file(seed):
    tf.print(seed, output_stream="file:///tmp/never")
    return {"x": seed}


def write(seed):
    with tf.control_dependencies([tf.io.write_file("/tmp/never", "x")]):
        return {"x": tf.identity(seed)}


HOSTILE = {
    "WriteFile": write,
    "ReadFile": lambda seed: {"x": tf.io.read_file("/etc/hostname")},
    "ReadFile in a branch": in_branch(lambda: tf.io.read_file("/etc/hostname")),
    "ReadFile in a loop": in_loop(lambda: tf.io.read_file("/etc/hostname")),
    "MatchingFiles": lambda seed: {"x": tf.io.matching_files("/etc/*")},
    "ImmutableConst": lambda seed: {
        "x": raw.ImmutableConst(dtype=tf.uint8, shape=[4], memory_region_name="/etc/hostname")
    },
    "EagerPyFunc": lambda seed: {"x": tf.py_function(lambda x: x, [seed], tf.int64)},
    "PyFunc": lambda seed: {"x": tf.numpy_function(lambda x: x, [seed], tf.int64)},
    "PyFuncStateless": lambda seed: {
        "x": tf.numpy_function(lambda x: x, [seed], tf.int64, stateful=False)
    },
    "PrintV2": print_to_file,
    "CreateSummaryFileWriter": write_summary,
    "TextLineDataset": of_dataset(lambda: tf.data.TextLineDataset("/etc/hostname")),
    "TFRecordDataset": of_dataset(lambda: tf.data.TFRecordDataset("/etc/hostname")),
    "DebugIdentity": lambda seed: {
        "x": raw.DebugIdentity(input=seed, debug_urls=["file:///tmp/never"])
    },
    "RestoreV2": lambda seed: {
        "x": raw.RestoreV2(
            prefix="/tmp/other", tensor_names=["w"], shape_and_slices=[""], dtypes=[tf.float32]
        )[0]
    },
    "DecodeImage": lambda seed: {"x": tf.io.decode_image(tf.strings.as_string(seed[0]))},
}


@pytest.mark.parametrize("op", HOSTILE)
def test_a_graph_that_does_more_than_compute_is_refused(op, tmp_path):
    folder = saved(tmp_path / "1", HOSTILE[op])
    with pytest.raises(trust.UntrustedModelError, match=op.split()[0]) as error:
        trust.check(folder)
    assert "--trust-model" in str(error.value) and "saved_model.pb" in str(error.value)
    trust.check(folder, trust_model=True)


def test_a_table_from_a_file_is_refused_and_one_from_memory_is_not(tmp_path):
    (tmp_path / "words.txt").write_text("a\nb\n")
    initializer = tf.lookup.TextFileInitializer(
        str(tmp_path / "words.txt"), tf.string, 0, tf.int64, 1, delimiter="\t"
    )
    (tmp_path / "words.txt").write_text("a\t1\nb\t2\n")
    table = tf.lookup.StaticHashTable(initializer, -1)
    look = lambda seed: {"x": table.lookup(tf.strings.as_string(seed))}  # noqa: E731
    with pytest.raises(trust.UntrustedModelError, match="InitializeTableFromTextFileV2"):
        trust.check(saved(tmp_path / "1", look, table))
    initializer = tf.lookup.KeyValueTensorInitializer(["1"], tf.constant([1], tf.int64))
    table = tf.lookup.StaticHashTable(initializer, -1)
    weight = tf.Variable(2.0)

    def compute(seed):
        drawn = tf.random.uniform([3]) + tf.random.stateless_normal([3], [1, 2])
        looped = tf.while_loop(lambda i, x: i < 3, lambda i, x: (i + 1, x * weight), [0, drawn])
        mapped = tf.map_fn(lambda x: x * 2, tf.cast(seed, tf.float32))
        return {"x": table.lookup(tf.strings.as_string(seed)), "y": looped[1], "z": mapped}

    trust.check(saved(tmp_path / "2", compute, table, weight))


# === A zoo's model with a graph that was changed ===


@pytest.fixture
def changed(tmp_path):
    """From a function that changes the graph of a model to the folder of its version."""

    def made(change):
        shutil.copytree(MODELS / "vanilla_gan_mnist", tmp_path / "model")
        file = tmp_path / "model" / "1" / "saved_model.pb"
        saved_model = saved_model_pb2.SavedModel.FromString(file.read_bytes())
        change(saved_model.meta_graphs[0])
        file.write_bytes(saved_model.SerializeToString())
        golden = file.parent / "assets.extra" / "golden.json"
        record = json.loads(golden.read_text())
        record["files"]["saved_model.pb"] = files.sha256(file)
        golden.write_text(json.dumps(record))
        return file.parent

    return made


def add(graph, name, op, inputs=(), **attributes):
    node = graph.graph_def.node.add(name=name, op=op, input=inputs)
    for key, value in attributes.items():
        if isinstance(value, str):
            node.attr[key].tensor.CopyFrom(tf.make_tensor_proto(value))
            node.attr["dtype"].type = tf.string.as_datatype_enum
    return node


def write_at_start(path):
    """An op that is run when a server loads the model."""

    def change(graph):
        add(graph, "where", "Const", value=str(path))
        add(graph, "what", "Const", value="written by a model")
        add(graph, "do", "WriteFile", ["where", "what"])
        info = graph.signature_def["__saved_model_init_op"].outputs["__saved_model_init_op"]
        info.name = "do"

    return change


def test_every_way_to_load_a_folder_asks_first(changed, tmp_path):
    victim = tmp_path / "victim"
    folder = changed(write_at_start(victim))
    ways = [
        lambda **given: serving.verify(folder, **given),
        lambda **given: evaluation.from_saved_model(folder, **given),
        lambda **given: tfgan_zoo.from_preset(folder, **given),
        lambda **given: console.load_model(str(folder.parent), **given),
        lambda **given: Servable(folder, **given).close(),
    ]
    for way in ways:
        with pytest.raises(trust.UntrustedModelError, match=r"WriteFile \(the file system\)"):
            way()
        assert not victim.exists()
    flags, _ = parse([f"--model_base_path={folder.parent}"])
    assert "WriteFile" in server._untrusted(flags)  # before a real server is started
    Servable(folder, trust_model=True).close()
    assert victim.read_text() == "written by a model"
    for way in ways:
        way(trust_model=True)


def test_the_embedded_server_reports_a_model_that_it_does_not_load(changed, tmp_path):
    folder = changed(write_at_start(tmp_path / "victim"))
    flags, _ = parse([f"--model_base_path={folder.parent}", "--enable_model_warmup=false"])
    embedded = server.Server(flags)
    with pytest.raises(trust.UntrustedModelError, match="WriteFile") as error:
        embedded._load(folder)
    assert from_exception(error.value).code.name == "FAILED_PRECONDITION"
    assert not (tmp_path / "victim").exists() and isinstance(embedded.manager, Manager)
    loader = Loader(embedded._load, retries=5, interval=60.0)
    with pytest.raises(StatusError, match="WriteFile"):  # at once: a second look changes nothing
        asyncio.run(asyncio.wait_for(loader.load(folder, lambda: None, lambda: True), 20))
    loader.close()
    flags, _ = parse([f"--model_base_path={folder.parent}", "--trust-model"])
    assert flags.trust_model


def restores_elsewhere(graph):
    """The loader's own restore reads another checkpoint."""
    add(graph, "other", "Const", value="/tmp/other")
    node = next(n for n in graph.graph_def.node if n.name == graph.saver_def.restore_op_name)
    node.input[0] = "other"


def saves_at_start(graph):
    save = graph.saver_def.save_tensor_name.partition(":")[0]
    graph.signature_def["__saved_model_init_op"].outputs["__saved_model_init_op"].name = save


def saves_on_request(graph):
    save = graph.saver_def.save_tensor_name
    next(iter(graph.signature_def["serving_default"].outputs.values())).name = save


def saves_before_it_answers(graph):
    save = graph.saver_def.save_tensor_name.partition(":")[0]
    output = next(iter(graph.signature_def["serving_default"].outputs.values())).name
    node = next(n for n in graph.graph_def.node if n.name == output.partition(":")[0])
    node.input.append(f"^{save}")


def has_a_function_with_an_ops_name(graph):
    function = graph.graph_def.library.function.add()
    function.signature.name = "WriteFile"


def has_a_function_twice(graph):
    functions = graph.graph_def.library.function
    functions.add().CopyFrom(functions[0])


def has_an_unknown_op(graph):
    add(graph, "do", "OwnOp")


def stands_for_another(graph):
    for function in graph.graph_def.library.function:
        if any(node.op == "SaveV2" for node in function.node_def):
            function.attr["api_implements"].s = b"generator"


CHANGES = {
    restores_elsewhere: "a restore of another file",
    saves_at_start: "SaveV2, which",
    saves_on_request: "SaveV2, which",
    saves_before_it_answers: "SaveV2, which",
    has_a_function_with_an_ops_name: "called WriteFile",
    has_a_function_twice: "two functions of one name",
    has_an_unknown_op: "OwnOp .an op that TensorFlow does not have",
    stands_for_another: "may stand for another",
}


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
def test_a_changed_graph_is_refused(change, changed):
    folder = changed(change)
    with pytest.raises(trust.UntrustedModelError, match=CHANGES[change]):
        trust.check(folder)


def test_forms_that_cannot_be_looked_into_are_refused(changed):
    folder = changed(lambda graph: None)
    trust.check(folder)
    (folder / "saved_model.cpb").touch()
    with pytest.raises(trust.UntrustedModelError, match="cannot be looked into"):
        trust.check(folder)
    (folder / "saved_model.cpb").unlink()
    (folder / "saved_model.pb").write_bytes(b"\xff" * 100)
    with pytest.raises(ValueError, match=r"saved_model.pb is damaged"):
        trust.check(folder)


# === What Keras saved ===


@pytest.fixture(scope="module")
def gan_file(tmp_path_factory):
    gan = make("DCGAN", penalty="r1", regularizers=["ada"])
    gan.compile()
    path = tmp_path_factory.mktemp("keras") / "gan.keras"
    gan.save(path)
    return path


def rewritten(source, target, change):
    """A `.keras` file whose config.json was changed."""
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w") as new:
        for name in old.namelist():
            content = old.read(name)
            if name == "config.json":
                config = json.loads(content)
                change(config)
                content = json.dumps(config).encode()
            new.writestr(name, content)
    return target


def is_a_process(config):
    config |= {"module": "subprocess", "class_name": "Popen", "registered_name": "Popen"}


def has_a_lambda(config):
    config["config"]["penalty"] = {
        "module": "keras.layers", "class_name": "Lambda", "config": {}, "registered_name": None,
    }  # fmt: skip


def has_code(config):
    config["config"]["regularizers"] = [{"class_name": "__lambda__", "config": {"value": "abc"}}]


def has_an_unknown_regularizer(config):
    (ada,) = config["config"]["regularizers"]
    ada |= {"module": "os", "class_name": "system", "registered_name": "other>system"}


def compiles_with_a_process(config):
    config["compile_config"] = {
        "optimizers": {
            "generator": {
                "module": "os",
                "class_name": "system",
                "config": {},
                "registered_name": "x",
            }
        }
    }


def is_another_model(config):
    config |= {"module": "keras", "class_name": "Sequential", "registered_name": "Sequential"}


@pytest.mark.parametrize(
    "change",
    [
        is_a_process,
        has_a_lambda,
        has_code,
        has_an_unknown_regularizer,
        compiles_with_a_process,
        is_another_model,
    ],
)
def test_a_file_that_names_other_classes_is_refused(change, gan_file, tmp_path):
    path = rewritten(gan_file, tmp_path / "gan.keras", change)
    with pytest.raises(trust.UntrustedModelError, match="gan.keras"):
        trust.load_keras(path)


def test_files_of_keras(gan_file, tmp_path):
    gan = trust.load_keras(gan_file)
    assert gan.generate(2, seed=0).shape[0] == 2
    assert repr((gan.penalty, *gan.regularizers)).startswith(
        "(R1(weight=10.0, every=1), ADA(target="
    )
    for name, content in (
        ("empty", b""),
        ("other", b"no zip"),
        ("half", gan_file.read_bytes()[:999]),
    ):
        (tmp_path / f"{name}.keras").write_bytes(content)
        with pytest.raises(
            ValueError, match=rf"{name}.keras is no model of Keras, or a damaged one"
        ):
            trust.load_keras(tmp_path / f"{name}.keras")


def test_a_class_of_ones_own_is_loaded(gan_file):
    record = keras.saving.serialize_keras_object(make("DCGAN"))
    trust.check_class("here", record)

    @keras.saving.register_keras_serializable("test_trust")
    class Own(tfgan_zoo.DCGAN):
        pass

    trust.check_class("here", {**record, "class_name": "Own", "registered_name": "test_trust>Own"})
    with pytest.raises(trust.UntrustedModelError, match="test_trust>Other"):
        trust.check_class("here", {**record, "registered_name": "test_trust>Other"})


DAMAGES = {
    "": "no JSON",
    "[]": r"expected an object",
    "null": r"expected an object",
    '{"name": "x"}': "has no 'model'",
    '{"name": "x", "model": []}': "'model' is",
    '{"name": "x", "model": {"config": {}}}': "has no 'class_name'",
    '{"name": "x", "model": {"class_name": "A", "config": {}, "registered_name": 3}}': "no model that",
}


@pytest.mark.parametrize("text", DAMAGES)
def test_a_damaged_record_of_an_export(text, changed):
    folder = changed(lambda graph: None)
    (folder / "assets.extra" / "preset.json").write_text(text)
    with pytest.raises(ValueError, match=DAMAGES[text]) as error:
        tfgan_zoo.from_preset(folder)
    assert "preset.json" in str(error.value)


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("seeds", ["../../x"]), ("seeds", []), ("seeds", 3), ("seeds", [2**63] * 8),
        ("sha256", [1] * 8), ("labels", ["a"]),
        ("files", {"../../../etc/hostname": "0"}), ("files", {"/dev/zero": "0"}), ("files", []),
        ("tolerance", 0), ("tolerance", 256), ("tolerance", 1.5), ("tolerance", "9"),
    ],
)  # fmt: skip
def test_damaged_golden_outputs(column, value, changed):
    folder = changed(lambda graph: None)
    file = folder / "assets.extra" / "golden.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), column: value}))
    with pytest.raises(ValueError, match=r"golden.json is damaged"):
        serving.verify(folder)


def test_a_golden_image_that_is_gone(changed):
    folder = changed(lambda graph: None)
    (folder / "assets.extra" / "golden" / "seed_0.png").unlink()
    with pytest.raises(ValueError, match="are damaged or not all there"):
        serving.verify(folder)


def test_samplers_and_tables_in_memory_compute_only():
    named = {"UniformCandidateSampler", "SampleDistortedBoundingBoxV2", "MutableDenseHashTableV2"}
    assert named <= trust.allowed_ops()
