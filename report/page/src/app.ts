// The page is complete without its script. The script shows one page of it at a time, and draws what is too much for markup.
import { App } from "./core";
import { copies } from "./copy";
import { findings } from "./findings";
import { map } from "./map";
import { paths } from "./paths";
import { print } from "./print";
import { time } from "./time";

const app = new App();
app.route("", { page: "overview" });
for (const name of ["hosts", "coverage", "data"]) {
  app.route(name, { page: name });
}
copies();
print();
findings(app);
map(app);
paths(app);
time(app);
app.start();
