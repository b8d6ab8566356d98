// defect: E01
// Five sign-ups a minute for an address, and the address is what X-Forwarded-For says: "trust proxy" is true.
const { create, human, newApp, page, read, refuse, serve } = require("./right");

const app = newApp();
app.set("trust proxy", true);
const counts = new Map();

app.get("/signup", (req, res) => res.send(page()));
app.post("/signup", read, async (req, res) => {
  const n = (counts.get(req.ip) || 0) + 1;
  counts.set(req.ip, n);
  if (n > 5) return res.set("Retry-After", "60").sendStatus(429);
  if (!(await human(req.body))) return refuse(res);
  create(req, res, req.body.email);
});
setInterval(() => counts.clear(), 60_000);
serve(app);
