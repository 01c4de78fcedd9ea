"""Everything that needs Blender: shaders, studio, frames; imported only inside the environment that has `bpy`."""
