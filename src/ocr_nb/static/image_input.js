// Views of one ImageInput: the list in words.
export default {
  render({ model, el }) {
    const root = document.createElement("div");
    root.className = "ocrnb-input";
    el.append(root);
    const hear = (message) => {
      if (message.kind === "list") root.textContent = message.rows.map((row) => `${row.name}: ${row.verdict}`).join(" | ") || "No images yet.";
    };
    model.on("msg:custom", hear);
    model.send({ kind: "send" });
    return () => { model.off("msg:custom", hear); root.remove(); };
  },
};
