"""The four forged scenes of China's "four cross" trials: each false message in every way it can be false."""
