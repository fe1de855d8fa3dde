"""Holds a request against the signature it asks for, with the messages of TensorFlow Serving."""

from google.protobuf import text_format

from tfgan_zoo.serving.limits import DEFAULTS
from tfgan_zoo.serving.statuses import Code, StatusError, invalid
from tfgan_zoo.serving.tensors import from_message

CLASSIFY, REGRESS = "classify", "regress"


def check_names(signature, names):
    """Refuses too many inputs, or too few where the signature has no defaults.

    Raises:
        StatusError: INVALID_ARGUMENT.
    """
    wanted, sent = set(signature.inputs), set(names)
    if len(sent) > len(wanted) or (len(sent) < len(wanted) and not signature.defaults):
        raise invalid(
            f"input size does not match signature: {len(sent)}!={len(wanted)} len({_set(sent)}) != "
            f"len({_set(wanted)}). Sent extra: {_set(sent - wanted)}. Missing but required: "
            f"{_set(wanted - sent)}."
        )


def inputs_of(signature, messages, limits=DEFAULTS):
    """The arrays of a request for a signature, `{name: array}`.

    Raises:
        StatusError: INVALID_ARGUMENT for names that do not match, what is no tensor, or too large.
    """
    check_names(signature, messages)
    wanted, sent = set(signature.inputs), set(messages)
    given = {name: _input(name, signature, messages) for name in sorted(wanted)}
    check_rows(
        signature, {n: [d.size for d in m.tensor_shape.dim] for n, m in given.items()}, limits
    )
    arrays = {name: from_message(name, message, limits) for name, message in given.items()}
    if sent - wanted:
        used, given = ",".join(sorted(sent & wanted)), ",".join(sorted(sent))
        raise invalid(
            f"Inputs contains invalid name. Used request inputs: {used}, request input: {given}"
        )
    return arrays


def check_rows(signature, shapes, limits):
    """Refuses more rows, which are images for a generator, than one request may have.

    Args:
        signature: `SignatureDef`.
        shapes: `{input name: shape}`.
        limits: `Limits`; of these, `max_rows`.

    Raises:
        StatusError: INVALID_ARGUMENT.
    """
    for name, shape in shapes.items():
        declared = signature.inputs[name].tensor_shape
        is_fixed = declared.dim and declared.dim[0].size >= 0
        if shape and not is_fixed:
            limits.check("max_rows", shape[0], f"rows of the input {name!r}")


def filled(signature, arrays):
    """Arrays of a request with the signature's defaults for those that are not given.

    Raises:
        StatusError: INVALID_ARGUMENT for an input that has no default either.
    """
    missing = set(signature.inputs) - set(arrays)
    return arrays | {n: from_message(n, _input(n, signature, arrays)) for n in sorted(missing)}


def _input(name, signature, messages):
    if name in messages:
        return messages[name]
    if name in signature.defaults:
        return signature.defaults[name]
    raise invalid(
        f"Signature input alias: {name}(feed name: {signature.inputs[name].name}) not found in request "
        "and no default value provided. Inputs expected to be in the request "
        f"{_set(messages)}, or default input alias set: {','.join(sorted(signature.defaults))}"
    )


def output_names(signature, chosen):
    """The outputs that a request's filter chooses, a tuple; all where it is empty.

    Raises:
        StatusError: INVALID_ARGUMENT for an unknown name, or one that is given twice.
    """
    seen = set()
    for name in chosen:
        if name not in signature.outputs:
            raise invalid(
                f"output tensor alias not found in signature: {name} Outputs expected to be in the set "
                f"{_set(signature.outputs)}."
            )
        if name in seen:
            raise invalid(f"duplicate output tensor alias: {name}")
        seen.add(name)
    return tuple(chosen) or tuple(sorted(signature.outputs))


def _set(names):
    return "{" + ",".join(sorted(names)) + "}"


def check_example_signature(signature, method):
    """Refuses a signature that takes no `tf.Example`s, as TensorFlow Serving does; raises always."""
    noun = {CLASSIFY: "classification", REGRESS: "regression"}[method]
    if len(signature.inputs) != 1:
        raise invalid("Expected one input Tensor.")
    if method == REGRESS and len(signature.outputs) != 1:
        raise invalid("Expected one output Tensor.")
    if method == CLASSIFY and len(signature.outputs) not in (1, 2):
        raise invalid(f"Expected one or two output Tensors, found {len(signature.outputs)}")
    if "inputs" not in signature.inputs:
        text = text_format.MessageToString(signature)
        raise invalid(f"No {noun} inputs found in SignatureDef: {text}")
    raise StatusError(Code.UNIMPLEMENTED, f"This server does not run {noun} signatures.")
