"""sentinel: what is on an industrial network, which secrets are weak, who does what to which controller."""

__version__ = "0.1.0"
