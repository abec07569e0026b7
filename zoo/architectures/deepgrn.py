"""DeepGRN (Chen et al. 2021): FactorNet's tower with attention before or after the LSTM."""

import keras
from keras import layers

from zoo.architectures.factornet import both_directions
from zoo.errors import InputError
from zoo.layers.attention import MatrixProduct, PositionTable, Softmax, SumOfPositions
from zoo.layers.strands import dropout, inputs_of, merged, on_both, probabilities

ATTENTIONS = ("none", "single", "weights", "pair")
PLACES = ("before", "after")


def build(
    window: int = 1002,
    tracks: int = 2,
    filters: int = 64,
    kernel_size: int = 34,
    pool_size: int = 17,
    convolutions: int = 1,
    units: int = 32,
    lstms: int = 1,
    hidden: int = 64,
    extra: int = 0,
    covariates: int = 0,
    attention: str = "single",
    place: str = "after",
    shared_weights: bool = True,
    position_table: bool = True,
    merge: str = "average",
    rate: float = 0.1,
    lstm_dropout: float = 0.5,
    recurrent_dropout: float = 0.1,
    swap: tuple[int, ...] = (),
) -> keras.Model:
    """A tower whose layers both strands share, attention, dense layers.

    Args:
        window: length of the input in bp.
        tracks: beside DNA.
        filters: channels of the convolutions, and of the dense layer of each position after them.
        kernel_size: width of the convolutions.
        pool_size: width and stride of the maximum pooling; half the kernel's width in all released models.
        convolutions: how many.
        units: of an LSTM in each direction.
        lstms: how many.
        hidden: units of the dense layers.
        extra: dense layers before the last, beside the two that all networks have.
        covariates: length of a vector that is read after the first dense layer; 0 for none.
        attention: "single": a softmax of the LSTM's output over the positions, for each feature, whose weighted sum
            goes through a dense layer without bias. "weights": a weight for each position, by a dense layer over all
            positions and a softmax, with which they are multiplied. "pair": of all positions to all, one head, added to
            what it reads. "none".
        place: of the attention, "before" or "after" the LSTM; "single" is always after it.
        shared_weights: of "weights", all features have the mean of their weights; else each has its own.
        position_table: of "pair", queries, keys and values are made of the features and a learned table of positions.
        merge: of both strands' probabilities, by "average" or "maximum".
        rate: of dropout after convolutions, LSTMs and dense layers.
        lstm_dropout, recurrent_dropout: rates in the LSTM, of what it reads and of its state.
        swap: for each track the place of that which the other strand reads in its stead; empty if each stays.

    Returns:
        A model of `window` (batch, bp, 4 + tracks), with covariates also `covariates` (batch, covariates) → (batch, 1).
        With the defaults 54,593 parameters.
    """
    _check(attention, place, convolutions, lstms)
    given, strands = inputs_of(window, tracks, covariates, swap)
    for i in range(1, convolutions + 1):
        convolution = layers.Conv1D(filters, kernel_size, activation="relu", name=f"convolution{i}")
        strands = on_both(strands, convolution, *dropout(rate, f"convolution{i}_dropout"))
    dense = layers.Dense(filters, activation="relu", name="position_dense")
    strands = on_both(strands, dense, layers.MaxPooling1D(pool_size, name="pool"))
    if place == "before":
        strands = _attended(strands, attention, shared_weights, position_table)
    for i in range(1, lstms + 1):
        strands = both_directions(strands, units, lstm_dropout, recurrent_dropout, f"lstm{i}")
        strands = on_both(strands, *dropout(rate, f"lstm{i}_dropout"))
    if place == "after":
        strands = _attended(strands, attention, shared_weights, position_table)
    pooled = [layers.Flatten(name="features")]
    if attention == "single":
        pooled = [layers.Dense(hidden, activation="relu", use_bias=False, name="attention_dense")]
    strands = on_both(strands, *pooled, layers.Dense(hidden, activation="relu", name="hidden"))
    if covariates:
        join = layers.Concatenate(name="with_covariates")
        strands = [join([x, given[1]]) for x in strands]
    steps = dropout(rate, "hidden_dropout")
    for i in range(1, extra + 2):
        steps += [layers.Dense(hidden, activation="relu", name=f"dense{i}"), *dropout(rate, f"dense{i}_dropout")]
    strands = on_both(strands, *steps, *probabilities(1))
    return keras.Model(given, merged(strands, merge), name="deepgrn")


def _check(attention: str, place: str, convolutions: int, lstms: int) -> None:
    rules = {
        f"the attention must be one of {', '.join(ATTENTIONS)}": attention in ATTENTIONS,
        f"its place must be one of {', '.join(PLACES)}": place in PLACES,
        "single attention must come after the LSTM": attention != "single" or place == "after",
        "there must be a convolution and an LSTM": min(convolutions, lstms) > 0,
    }
    for rule, holds in rules.items():
        if not holds:
            raise InputError(
                f"The layers of DeepGRN must go together: {rule}",
                example={"attention": "pair", "place": "before"},
                received={"attention": attention, "place": place, "convolutions": convolutions, "lstms": lstms},
            )


def _attended(strands: list, attention: str, shared_weights: bool, position_table: bool) -> list:
    """(batch, positions, features) → the same; of "single" (batch, features)."""
    if attention == "none":
        return strands
    if attention == "single":
        return _single(strands)
    return _pair(strands, position_table) if attention == "pair" else _weighted(strands, shared_weights)


def _single(strands: list) -> list:
    softmax, product = Softmax(axis=1, name="attention"), layers.Multiply(name="attended")
    total = SumOfPositions(name="attention_sum")
    return [total(product([softmax(x), x])) for x in strands]


def _weighted(strands: list, shared: bool) -> list:
    positions = strands[0].shape[1]
    steps = [
        layers.Permute((2, 1), name="features_first"),
        layers.Dense(positions, name="attention_scores"),
        Softmax(name="attention"),
    ]
    if shared:
        steps += [
            layers.GlobalAveragePooling1D(name="mean_attention"),
            layers.Reshape((positions, 1), name="position_weights"),
        ]
    else:
        steps.append(layers.Permute((2, 1), name="position_weights"))
    product = layers.Multiply(name="attended")
    return [product([x, weights]) for x, weights in zip(strands, on_both(strands, *steps), strict=True)]


def _pair(strands: list, table: bool) -> list:
    features = strands[0].shape[-1]
    read = on_both(strands, PositionTable(name="position_table")) if table else strands
    sizes = {"query": features // 2, "key": features // 2, "value": features}
    made = {name: layers.Dense(size, use_bias=False, name=name) for name, size in sizes.items()}
    query, key, value = (on_both(read, layer) for layer in made.values())
    scores = MatrixProduct((features // 2) ** -0.5, transpose=True, name="attention_scores")
    softmax, product = Softmax(name="attention"), MatrixProduct(name="attended")
    total = layers.Add(name="attention_sum")
    return [
        total([x, product([softmax(scores([q, k])), v])]) for x, q, k, v in zip(strands, query, key, value, strict=True)
    ]
