"""What the browser draws without the kernel, and how its arrays are sent."""
