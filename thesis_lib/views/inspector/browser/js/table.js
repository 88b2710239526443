// The table of clusters and classes. Rows are made once and filled again: to build 80 of them takes longer than a frame.

class ClusterTable {
  constructor(choose) {
    this.body = h("tbody");
    this.kindHead = h("th", { scope: "col" }, "mostly");
    this.purityHead = h("th", { scope: "col" }, "purity");
    const head = h("tr", {}, h("th", { scope: "col" }, "cluster"), h("th", { scope: "col" }, "share"),
      this.kindHead, this.purityHead);
    this.element = h("div", { class: "ci-table", tabindex: "0", role: "region", "aria-label": "clusters and classes" },
      h("table", {}, h("thead", {}, head), this.body));
    this.rows = Array.from({ length: MOST }, () => this.newRow(choose));
    this.body.append(...this.rows.map((row) => row.element));
  }

  newRow(choose) {
    const row = { swatch: h("span", { class: "ci-swatch" }), button: h("button", { type: "button" }) };
    row.share = h("td", { class: "ci-number" });
    row.kind = h("td");
    row.purity = h("td", { class: "ci-number" });
    row.element = h("tr", { hidden: true }, h("td", {}, row.swatch, row.button), row.share, row.kind, row.purity);
    row.element.addEventListener("click", (event) => choose(row.cluster, event.ctrlKey || event.metaKey));
    return row;
  }

  fill(found, names, colors, chosen, withClasses) {
    this.kindHead.hidden = this.purityHead.hidden = !withClasses;
    this.rows.forEach((row, index) => {
      const one = found[index];
      row.element.hidden = !one;
      if (!one) return;
      row.cluster = one.cluster;
      row.element.dataset.cluster = one.cluster;
      row.swatch.style.background = `rgb(${colors[one.cluster].join(",")})`;
      row.button.textContent = one.cluster;
      row.button.setAttribute("aria-pressed", chosen.has(one.cluster));
      row.button.setAttribute("aria-label", `cluster ${one.cluster}`);
      row.element.classList.toggle("ci-chosen", chosen.has(one.cluster));
      row.share.textContent = `${(100 * one.share).toFixed(1)} %`;
      row.kind.hidden = row.purity.hidden = !withClasses;
      row.kind.textContent = one.kind < 0 ? "" : names[one.kind];
      row.purity.textContent = one.purity === null ? "" : one.purity.toFixed(2);
    });
  }
}
