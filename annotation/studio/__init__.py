"""Label Studio (community edition): what people are asked goes there, what they answered comes back.

Everything that talks to it lies here: projects and screens, tasks pushed exactly once, answers pulled, progress.
What answers come to is decided elsewhere (`annotation.label_state`).
"""
