"""A reader of pickles that runs nothing: what a file would import or call is written down instead.

`pickletools` splits the stream into instructions; those that make containers, texts and numbers are
followed here, and no module is imported, no class is made and no function of the file's is called.
"""

import pickletools
from typing import Any, NamedTuple

_KEYS = (str, int, float, bool, bytes, type(None))  # whose hashes cost little, whatever they hold
_DAMAGES = (ValueError, IndexError, KeyError, TypeError, AttributeError, OverflowError)
_DAMAGES += (DeprecationWarning,)  # of escapes in a text, where warnings are errors


class Global(NamedTuple):
    """A name of a module, such as ("torch", "FloatStorage"), which is never imported."""

    module: str
    name: str


class Object:
    """What a class or a function of the file would have made.

    Attributes:
        kind: The `Global` that was called.
        args: Tuple of what it was called with.
        state: What `__setstate__` would have been given, or None.
        items: `{key: value}` that were set in it.
    """

    def __init__(self, kind, args=()):
        self.kind, self.args, self.state, self.items = kind, args, None, {}

    def __repr__(self):
        return f"<{self.kind.module}.{self.kind.name}>"


class Persistent(NamedTuple):
    """A reference to what lies outside the stream."""

    id: Any


def read(file, made=None, persistent=Persistent):
    """The object of one pickle.

    Args:
        file: A binary file at the pickle's first byte; it is left after its last one.
        made: `{Global: function}` of calls that are understood: given the arguments of the call it
            gives its value. All others give an `Object`.
        persistent: A function from the id of what lies outside the stream to its value.

    Raises:
        ValueError: Bytes that are no pickle, or one that uses what files of weights do not need.
    """
    machine = _Machine(made or {}, persistent)
    try:
        for opcode, argument, _ in pickletools.genops(file):
            step = _STEPS.get(opcode.name)
            if step is None:
                raise ValueError(
                    f"its instruction {opcode.name} is not one that files of weights need"
                )
            step(machine, argument)
        return machine.result
    except _DAMAGES as error:
        raise ValueError(f"It is no pickle that can be read: {error}.") from error


class _Machine:
    """The stack of a pickle, and what it remembers."""

    def __init__(self, made, persistent):
        self.made, self.persistent = made, persistent
        self.stack, self.marks, self.memo, self.result = [], [], {}, None

    def push(self, value):
        self.stack.append(value)

    def pop(self):
        if self.marks and len(self.stack) <= self.marks[-1]:
            raise IndexError("an instruction takes more than there is")
        return self.stack.pop()

    def top(self):
        return self.stack[-1]

    def since_mark(self):
        start = self.marks.pop()
        found, self.stack[start:] = self.stack[start:], []
        return found

    def called(self, kind, args):
        if not isinstance(kind, Global):
            raise TypeError(f"{type(kind).__name__} is called, and no name of a module")
        if not isinstance(args, tuple):
            raise TypeError(f"{kind.module}.{kind.name} is called with no tuple")
        function = self.made.get(kind)
        return function(*args) if function else Object(kind, args)


def _texts(*values):
    if not all(isinstance(value, str) for value in values):
        raise TypeError("a name is no text")
    return values


def _put(machine, place):
    machine.memo[int(place)] = machine.top()


def _append(machine, values):
    holder = machine.top()
    if not isinstance(holder, list):
        raise TypeError(f"values are put into {type(holder).__name__}, which is no list")
    holder.extend(values)


def _set_items(machine, values):
    holder = machine.top()
    holder = holder.items if isinstance(holder, Object) else holder
    if not isinstance(holder, dict):
        raise TypeError(f"items are set in {type(holder).__name__}, which has none")
    holder.update(_pairs(values))


def _pairs(values):
    if len(values) % 2:
        raise ValueError("a key has no value")
    return [(_key(key), value) for key, value in zip(values[::2], values[1::2], strict=True)]


def _key(key):
    if isinstance(key, tuple) and all(isinstance(part, _KEYS) for part in key):
        return key
    if isinstance(key, Object):
        return key  # compared by identity
    if not isinstance(key, _KEYS):
        raise TypeError(f"a key is {type(key).__name__}")
    return key


def _add_items(machine, values):
    if not isinstance(machine.top(), set):
        raise TypeError("values are added to what is no set")
    machine.top().update(_key(value) for value in values)


def _build(machine):
    state, target = machine.pop(), machine.top()
    if isinstance(target, Object):
        target.state = state
    elif hasattr(target, "pickled_state"):
        target.pickled_state(state)
    elif not isinstance(target, dict):  # attributes of an OrderedDict are not needed
        raise TypeError(f"a state is given to {type(target).__name__}")


def _reduce(machine):
    args, kind = machine.pop(), machine.pop()
    machine.push(machine.called(kind, args))


def _new_with_names(machine):
    names, args, kind = machine.pop(), machine.pop(), machine.pop()
    if names:
        raise ValueError("arguments by name are not needed")
    machine.push(machine.called(kind, args))


def _object(machine):
    kind, *args = machine.since_mark()
    machine.push(machine.called(kind, tuple(args)))


def _instance(machine, argument):
    args = tuple(machine.since_mark())
    machine.push(machine.called(Global(*argument.split(" ", 1)), args))


def _stack_global(machine):
    name, module = machine.pop(), machine.pop()
    machine.push(Global(*_texts(module, name)))


def _stop(machine):
    machine.result = machine.pop()


def _tuple(count):
    def step(machine, _):
        values = [machine.pop() for _ in range(count)]
        machine.push(tuple(reversed(values)))

    return step


def _values(*names):
    return {name: lambda machine, argument: machine.push(argument) for name in names}


_STEPS = {
    **_values("INT", "BININT", "BININT1", "BININT2", "LONG", "LONG1", "LONG4", "FLOAT", "BINFLOAT"),
    **_values("STRING", "BINSTRING", "SHORT_BINSTRING", "BINBYTES", "SHORT_BINBYTES", "BINBYTES8"),
    **_values("UNICODE", "BINUNICODE", "SHORT_BINUNICODE", "BINUNICODE8"),
    **dict.fromkeys(("PROTO", "FRAME"), lambda machine, argument: None),
    **dict.fromkeys(("PUT", "BINPUT", "LONG_BINPUT"), _put),
    **dict.fromkeys(("GET", "BINGET", "LONG_BINGET"), lambda m, place: m.push(m.memo[int(place)])),
    "MEMOIZE": lambda m, _: _put(m, len(m.memo)),
    "NONE": lambda m, _: m.push(None),
    "NEWTRUE": lambda m, _: m.push(True),
    "NEWFALSE": lambda m, _: m.push(False),
    "EMPTY_LIST": lambda m, _: m.push([]),
    "EMPTY_DICT": lambda m, _: m.push({}),
    "EMPTY_SET": lambda m, _: m.push(set()),
    "EMPTY_TUPLE": _tuple(0),
    "TUPLE1": _tuple(1),
    "TUPLE2": _tuple(2),
    "TUPLE3": _tuple(3),
    "MARK": lambda m, _: m.marks.append(len(m.stack)),
    "TUPLE": lambda m, _: m.push(tuple(m.since_mark())),
    "LIST": lambda m, _: m.push(m.since_mark()),
    "DICT": lambda m, _: m.push(dict(_pairs(m.since_mark()))),
    "FROZENSET": lambda m, _: m.push(frozenset(map(_key, m.since_mark()))),
    "APPEND": lambda m, _: _append(m, [m.pop()]),
    "APPENDS": lambda m, _: _append(m, m.since_mark()),
    "SETITEM": lambda m, _: _set_items(m, [m.pop(), m.pop()][::-1]),
    "SETITEMS": lambda m, _: _set_items(m, m.since_mark()),
    "ADDITEMS": lambda m, _: _add_items(m, m.since_mark()),
    "POP": lambda m, _: m.pop(),
    "POP_MARK": lambda m, _: m.since_mark(),
    "DUP": lambda m, _: m.push(m.top()),
    "GLOBAL": lambda m, argument: m.push(Global(*argument.split(" ", 1))),
    "STACK_GLOBAL": lambda m, _: _stack_global(m),
    "BUILD": lambda m, _: _build(m),
    "REDUCE": lambda m, _: _reduce(m),
    "NEWOBJ": lambda m, _: _reduce(m),
    "NEWOBJ_EX": lambda m, _: _new_with_names(m),
    "OBJ": lambda m, _: _object(m),
    "INST": _instance,
    "PERSID": lambda m, argument: m.push(m.persistent(argument)),
    "BINPERSID": lambda m, _: m.push(m.persistent(m.pop())),
    "STOP": lambda m, _: _stop(m),
}


def ordered(pairs=()):
    """What `collections.OrderedDict` makes: a dictionary."""
    if isinstance(pairs, dict):
        return dict(pairs)
    return dict(_pairs([part for pair in pairs for part in _pair(pair)]))


def _pair(pair):
    if not isinstance(pair, (tuple, list)) or len(pair) != 2:
        raise TypeError("an OrderedDict is made of what are no pairs")
    return pair


def members(values=()):
    """What `set` and `frozenset` make of a list."""
    if not isinstance(values, (list, tuple, set, frozenset)):
        raise TypeError("a set is made of what is no list")
    return {_key(value) for value in values}


def encoded(text, encoding="utf-8"):
    """What `_codecs.encode` makes: bytes, in Latin-1 or UTF-8."""
    if encoding not in ("latin1", "latin-1", "utf-8") or not isinstance(text, str):
        raise ValueError(f"a text is encoded as {encoding!r}")
    return text.encode(encoding)


CONTAINERS = {
    Global("collections", "OrderedDict"): ordered,
    **{Global(module, "set"): members for module in ("builtins", "__builtin__")},
    **{Global(module, "frozenset"): members for module in ("builtins", "__builtin__")},
    Global("_codecs", "encode"): encoded,
    Global("dnnlib.util", "EasyDict"): ordered,
    Global("torch", "Size"): tuple,
}
