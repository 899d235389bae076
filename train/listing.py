"""List the recipes with their networks, data and scores."""

from collections.abc import Sequence

from retseg.models import ModelError, load_card
from train import REPOSITORY
from train.config.loader import list_recipes, load_recipe
from train.config.protocols import find_protocols
from train.config.recipe import Recipe
from train.model.size import measure_network
from train.reproduce.result import RESULTS, Result, read_results


def print_recipes(beginning: str = "") -> None:
    """Print two lines for each recipe whose name has this beginning, family by family.

    They give parameters, GFLOP and data, and the scores of a shipped model or of logged results.
    """
    recipes = [load_recipe(name) for name in list_recipes() if name.startswith(beginning)]
    results = read_results(RESULTS)
    for family in sorted({recipe.family for recipe in recipes}):
        print(f"\n{family or 'Models'}\n")
        for recipe in recipes:
            if recipe.family == family:
                print(describe_recipe(recipe, results))


def describe_recipe(recipe: Recipe, results: Sequence[Result]) -> str:
    """Two lines about a recipe."""
    parameters, operations = measure_network(recipe)
    trained = f"{recipe.networks} x {recipe.steps} steps of {recipe.sampling.batch}"
    trained += f", then {recipe.refitted.steps} on all images" if recipe.refit else ""
    size = f"{parameters:,} parameters, {operations:.1f} GFLOP a patch of {recipe.sampling.patch} px, {trained}"
    data = ", ".join(f"{source.folder} {source.split}".rstrip() for source in recipe.source)
    scores = describe_scores(recipe.name) + describe_results(recipe, results)
    return f"{recipe.name}: {recipe.title}\n    {recipe.network.architecture}, {size}; {data}{scores}"


def describe_results(recipe: Recipe, results: Sequence[Result]) -> str:
    """The headline scores of a recipe's results, as the end of a line; empty if there is no result."""
    parts = []
    for result in results:
        if result.document["recipe"] == recipe.name:
            protocol, found = next(iter(result.document["protocols"].items()))
            metric = find_protocols((protocol,))[0].headline
            values = [f"{task} {metric} {m[metric]['value']:.4f}" for task, m in found["tasks"].items() if metric in m]
            parts.append(f"; {result.width} seed {result.document['seed']}: {', '.join(values)} by {protocol}")
    return "".join(parts)


def describe_scores(name: str) -> str:
    """The scores on the card of a recipe's model, as the end of a line; empty if there is no model."""
    try:
        card = load_card(REPOSITORY / "model_weights" / name)
    except ModelError:
        return ""
    return "".join(f"; {s.task} {s.metric} {s.value:.4f} ({s.low:.4f} to {s.high:.4f})" for s in card.score)
