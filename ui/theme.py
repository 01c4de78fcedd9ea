"""The page's colours and letters, for Gradio's own parts; `assets/page.css` does the rest. System fonts only."""

import gradio as gr

_SANS = ["system-ui", "-apple-system", "Segoe UI", "Roboto", "Helvetica Neue", "Arial", "sans-serif"]
_MONO = ["ui-monospace", "SFMono-Regular", "Menlo", "Consolas", "monospace"]


def theme() -> gr.themes.Base:
    """Warm paper and dark ink by day, the reverse by night, a deep green for what can be pressed."""
    green = gr.themes.Color(
        "#f1f5f2",
        "#dfe9e2",
        "#c0d4c6",
        "#9cbca7",
        "#759f83",
        "#557f64",
        "#3f6650",
        "#33513f",
        "#2a4134",
        "#22352b",
        "#16231c",
    )
    return gr.themes.Base(primary_hue=green, neutral_hue="stone", font=_SANS, font_mono=_MONO).set(
        body_background_fill="#faf8f5",
        body_background_fill_dark="#171513",
        body_text_color="#23201c",
        body_text_color_dark="#ece7df",
        background_fill_primary="#faf8f5",
        background_fill_primary_dark="#171513",
        block_background_fill="transparent",
        block_background_fill_dark="transparent",
        block_border_width="0",
    )
