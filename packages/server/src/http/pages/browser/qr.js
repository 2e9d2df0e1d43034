// Draws a QR code as SVG. Always dark on light: not every camera reads the opposite.

// The package of that name, as it was published.
import { encode } from "./uqr.js";

const svgNamespace = "http://www.w3.org/2000/svg";

/** `label`: what it is, for those who do not see it. */
export function drawQr(text, label) {
  const { data, size } = encode(text, { ecc: "M", border: 2 });
  const squares = data.flatMap((row, y) => row.flatMap((isDark, x) => (isDark ? [`M${x} ${y}h1v1h-1z`] : [])));
  const svg = document.createElementNS(svgNamespace, "svg");
  svg.setAttribute("class", "qr");
  svg.setAttribute("viewBox", `0 0 ${size} ${size}`);
  svg.setAttribute("role", "img");
  svg.setAttribute("aria-label", label);
  svg.setAttribute("shape-rendering", "crispEdges");
  const path = document.createElementNS(svgNamespace, "path");
  path.setAttribute("d", squares.join(""));
  path.setAttribute("fill", "#000");
  svg.append(path);
  return svg;
}
