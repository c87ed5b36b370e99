//! NumPy's implicit rules, as functions over types.
