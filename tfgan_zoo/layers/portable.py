"""The error function and its inverse in operations that every runtime has."""

import tensorflow as tf

# Rational approximation of Eigen, for |x| <= 4.
_ERF = (
    (-2.72614225801306e-10, 2.77068142495902e-08, -2.10102402082508e-06, -5.69250639462346e-05,
     -7.34990630326855e-04, -2.95459980854025e-03, -1.60960333262415e-02),
    (-1.45660718464996e-05, -2.13374055278905e-04, -1.68282697438203e-03, -7.37332916720468e-03,
     -1.42647390514189e-02),
)  # fmt: skip
# Giles, "Approximating the erfinv function" (2010), in single precision: the middle, and the tails.
_MIDDLE = (
    2.81022636e-08, 3.43273939e-07, -3.5233877e-06, -4.39150654e-06, 0.00021858087, -0.00125372503,
    -0.00417768164, 0.246640727, 1.50140941,
)  # fmt: skip
_TAILS = (
    -0.000200214257, 0.000100950558, 0.00134934322, -0.00367342844, 0.00573950773, -0.0076224613,
    0.00943887047, 1.00167406, 2.83297682,
)  # fmt: skip


def erf(x):
    """The error function of float32, to 5e-7."""
    x = tf.clip_by_value(x, -4.0, 4.0)
    above, below = (_polynomial(x * x, coefficients) for coefficients in _ERF)
    return x * above / below


def erfinv(x):
    """Its inverse for float32 in (-1, 1), to 2e-6 within 0.99."""
    w = -tf.math.log((1.0 - x) * (1.0 + x))
    tails = _polynomial(tf.sqrt(w) - 3.0, _TAILS)
    return x * tf.where(w < 5.0, _polynomial(w - 2.5, _MIDDLE), tails)


def _polynomial(x, coefficients):
    """By Horner's rule, the highest power first."""
    value = tf.zeros_like(x) + coefficients[0]
    for coefficient in coefficients[1:]:
        value = value * x + coefficient
    return value
