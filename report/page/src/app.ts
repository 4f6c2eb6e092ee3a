// The page is complete without its script. The script shows one page of it at a time, and draws what is too much for markup.
import { App } from "./core";
import { checks } from "./checks";
import { containers } from "./container";
import { copies } from "./copy";
import { markdownCopies } from "./findingmd";
import { findings } from "./findings";
import { heat } from "./heat";
import { help } from "./help";
import { hosts } from "./host";
import { lists } from "./lists";
import { map } from "./map";
import { networks } from "./network";
import { paths } from "./paths";
import { print } from "./print";
import { projector } from "./projector";
import { search } from "./search";
import { services } from "./service";
import { share } from "./share";
import { theme } from "./theme";
import { time } from "./time";

const app = new App();
app.route("", { page: "overview" });
app.route("coverage", { page: "coverage" });
// Links of the markup lead to sections below; here they lead to pages.
for (const a of document.querySelectorAll<HTMLAnchorElement>("a[data-to]:not(svg a)")) {
  a.href = a.dataset.to ?? "";
}
for (const a of document.querySelectorAll<HTMLAnchorElement | SVGAElement>("a[data-go]")) {
  a.setAttribute("href", a.dataset.go ?? "");
}
copies();
markdownCopies();
print();
checks();
search(app);
app.keys.on("o", "overview", () => app.go("#/"));
app.keys.on("m", "map", () => app.go("#/map"));
app.keys.on("t", "time", () => app.go("#/time"));
app.keys.on("h", "hosts", () => app.go("#/hosts"));
app.keys.on("d", "data", () => app.go("#/data"));
findings(app);
map(app);
paths(app);
time(app);
services(app);
containers(app);
hosts(app);
heat(app);
lists(app);
networks(app);
// Whoever moves something listens to this: nm:pause stops it, or lets it go on.
app.keys.on("p", "stop what moves, or let it go on", () => void document.dispatchEvent(new CustomEvent("nm:pause")));
share(app);
projector(app);
theme(app);
help(app);
app.start();
