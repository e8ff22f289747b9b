// Views of one Credentials: the state in words.
export default {
  render({ model, el }) {
    const root = document.createElement("div");
    root.className = "ocrnb-credentials";
    el.append(root);
    const hear = (message) => {
      if (message.kind === "facts") root.textContent = [message.state, message.client, message.reason].filter(Boolean).join(" · ");
    };
    model.on("msg:custom", hear);
    model.send({ kind: "send" });
    return () => { model.off("msg:custom", hear); root.remove(); };
  },
};
