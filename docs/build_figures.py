"""Writes the models' figures into the READMEs, out of models/registry.json and models/cards/whole.json.

python docs/build_figures.py            write them
python docs/build_figures.py --check    only say whether they are as they should be; 1 when they are not
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "models"))

from training.common.goals import GOALS, WHOLE, Goal  # noqa: E402 - found by the line above

BEGIN, END = "<!-- figures: docs/build_figures.py -->", "<!-- /figures -->"
PAGES = {"README.md": "en", "README.zh-CN.md": "zh"}
HEADS = {
    "en": ("model", "measured on photos that training never saw", "model alone", "all together", "wanted"),
    "zh": ("模型", "在训练从未见过的照片上测得", "单个模型", "整体", "目标"),
}
CHINESE = {
    "recall_32": "检出率：400 像素照片中 32 像素以上、教师模型标出的人脸",
    "recall_32_at_1280": "检出率：1280 像素多人照片中 32 像素以上的人脸",
    "empty_fire": "无人脸照片中误报的比例",
    "points_median": "72 个关键点与标注的误差除以两眼间距，中位数",
    "hand_mean": "8 个共有关键点与手工标注的误差除以两眼间距，均值",
    "yaw_mae": "偏航角，平均绝对误差",
    "pitch_mae": "俯仰角，平均绝对误差",
    "age_mae": "年龄，平均绝对误差（UTKFace）",
    "gender": "性别（UTKFace）",
    "race": "人种，五类（UTKFace）",
    "smile": "微笑，彩色照片集",
    "glasses": "眼镜，三类",
    "cartoon": "真人或卡通",
    "beauty_r": "颜值，皮尔逊相关系数（SCUT-FBP5500）",
    "occlusion_mae": "各部位遮挡（贴上的遮挡物），平均绝对误差",
}
CHINESE_OF = {
    ("liveness", "auc"): "训练中未出现的人，ROC 曲线下面积",
    ("liveness", "mean_rejected_at_1"): "误拒 1 % 真人时拒绝的攻击，各数据集均值",
    ("liveness", "mean_eer"): "等错误率，各数据集均值",
    ("synthetic", "auc"): "ROC 曲线下面积",
}
UNITS = {"degrees": "度", "years": "岁", "share": "", "AUC": "", "r": ""}


def table(models: Mapping[str, Any], whole: Mapping[str, float], language: str) -> str:
    """The table of all registered figures that have a goal.

    Args:
        models: The registry's.
        whole: Figures of photos through the whole of facecore.
        language: ``en`` or ``zh``.
    """
    lines = ["| " + " | ".join(HEADS[language]) + " |", "|---|---|---|---|---|"]
    for name, goals in GOALS.items():
        if name in models:
            lines += _rows(name, goals, models[name].get("figures", {}), whole, language)
    return "\n".join(lines)


def _rows(
    name: str, goals: Mapping[str, Goal], figures: Mapping[str, float], whole: Mapping[str, float], language: str
) -> Iterator[str]:
    for key, goal in goals.items():
        if key in figures:
            together = whole.get(WHOLE.get((name, key), ""))
            cells = (
                name,
                words(name, key, language),
                _shown(goal, figures[key], language),
                "" if together is None else _shown(goal, together, language),
                f"{'≥' if goal.more else '≤'} {_shown(goal, goal.goal, language)}",
            )
            yield f"| {' | '.join(cells)} |"


def words(name: str, key: str, language: str) -> str:
    """What a figure is called.

    Raises:
        KeyError: It has no Chinese name yet.
    """
    if language == "en":
        return GOALS[name][key].words
    return CHINESE_OF.get((name, key)) or CHINESE[key]


def _shown(goal: Goal, value: float, language: str) -> str:
    if goal.unit == "%":
        return f"{100 * value:.1f} %"
    if goal.unit in ("degrees", "years"):
        return f"{value:.1f} {goal.unit if language == 'en' else UNITS[goal.unit]}"
    return f"{value:.3f}"


def page(text: str, models: Mapping[str, Any], whole: Mapping[str, float], language: str) -> str:
    """A page with the table put between its marks.

    Raises:
        ValueError: It has no marks.
    """
    before, _, rest = text.partition(BEGIN)
    _, mark, after = rest.partition(END)
    if not mark:
        raise ValueError(f"the marks {BEGIN} and {END} are missing")
    return f"{before}{BEGIN}\n{table(models, whole, language)}\n{END}{after}"


def main(arguments: list[str]) -> int:
    """Writes the pages, or checks them."""
    models = json.loads((ROOT / "models" / "registry.json").read_text(encoding="utf-8"))["models"]
    whole = json.loads((ROOT / "models" / "cards" / "whole.json").read_text(encoding="utf-8"))["figures"]
    stale = []
    for name, language in PAGES.items():
        path = ROOT / name
        old = path.read_text(encoding="utf-8")
        new = page(old, models, whole, language)
        if new != old:
            stale.append(name)
            if arguments != ["--check"]:
                path.write_text(new, encoding="utf-8")
    if stale and arguments == ["--check"]:
        sys.stderr.write(f"out of date: {', '.join(stale)}; run make docs\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
