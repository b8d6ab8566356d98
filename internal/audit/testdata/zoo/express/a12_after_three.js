// defect: A12
// The captcha is asked for only after three sign-ups of a visitor, who is known by a cookie.
const { create, human, newApp, page, read, refuse, serve } = require("./right");
const { randomUUID } = require("node:crypto");

const app = newApp();
const counts = new Map();
const visitor = (req) => /(?:^|; )v=([\w-]+)/.exec(req.headers.cookie || "")?.[1];

app.get("/signup", (req, res) => {
  if (!visitor(req)) res.cookie("v", randomUUID(), { httpOnly: true });
  res.send(page());
});
app.post("/signup", read, async (req, res) => {
  const n = (counts.get(visitor(req)) || 0) + 1;
  counts.set(visitor(req), n);
  if ((n > 3 || !visitor(req)) && !(await human(req.body))) return refuse(res);
  create(req, res, req.body.email);
});
serve(app);
