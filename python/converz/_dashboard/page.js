// Numbers and dates as the reader's language writes them. Nothing else runs here.
(() => {
  const languages = navigator.languages;
  const number = (value, digits, percent, sign) =>
    new Intl.NumberFormat(languages, {
      minimumFractionDigits: digits,
      maximumFractionDigits: digits,
      style: percent ? "percent" : "decimal",
      signDisplay: sign ? "exceptZero" : "auto",
    }).format(value);
  for (const node of document.querySelectorAll("data[data-digits], text[data-digits]")) {
    const value = Number(node.getAttribute("value") ?? node.dataset.value);
    node.textContent = number(
      value, Number(node.dataset.digits), "percent" in node.dataset, "sign" in node.dataset,
    );
  }
  const date = (text, options) =>
    new Intl.DateTimeFormat(languages, { timeZone: "UTC", ...options }).format(new Date(text + "T00:00:00Z"));
  for (const node of document.querySelectorAll("time[datetime]")) {
    if (node.dateTime.length === 10) node.textContent = date(node.dateTime, { dateStyle: "medium" });
  }
  for (const node of document.querySelectorAll("text[data-date]")) {
    node.textContent = date(node.dataset.date, { day: "numeric", month: "short" });
  }
})();
