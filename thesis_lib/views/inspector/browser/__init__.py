"""Widget that draws in the browser without the kernel, and the encoding of its arrays."""
