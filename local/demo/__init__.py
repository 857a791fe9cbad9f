"""The main job, shown: scenes, the story that they make, and its claims."""
