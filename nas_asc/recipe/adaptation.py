"""Adaptation of a network to other recording devices as plain data; the room `training` carries it out."""

from dataclasses import dataclass

from nas_asc.recipe.part import Part


@dataclass(frozen=True)
class DomainAdaptation(Part):
    """A critic that tells the reference device from all others by the network's embedding, and is worked against.

    The embedding is what the network's last layer takes, averaged over the map. The critic is trained to make the
    Wasserstein distance between the embeddings of both large, the network, by gradient reversal, to make it small. It
    is thrown away after the training, and no part of the network's cost.

    Args:
        weight: The weight of the distance beside the loss.
        penalty: The penalty of critics whose gradient has another norm than one, between the embeddings of both.
        n_critic: Steps of the critic for one of the network.
        hidden: Units of the critic's hidden layer.
        learning_rate: The learning rate of the critic.

    Source:
        Koutini, Schlüter, Widmer, "CPJKU submission to DCASE21": gradient reversal, Wasserstein distance with gradient
        penalty, device A as source. Reversal of Ganin and Lempitsky, "Unsupervised domain adaptation by
        backpropagation", ICML 2015; `penalty` and `n_critic` of Gulrajani et al., "Improved training of Wasserstein
        GANs", NeurIPS 2017. The other defaults are of our own choice.
    """

    weight: float = 0.1
    penalty: float = 10.0
    n_critic: int = 5
    hidden: int = 128
    learning_rate: float = 1e-3

    def __post_init__(self) -> None:
        self.check_number("weight")
        self.check_number("penalty")
        self.check_count("n_critic")
        self.check_count("hidden")
        self.check_number("learning_rate", above=True)
