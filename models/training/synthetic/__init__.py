"""The synthetic net: a photographed face, or a generated or composed one."""
