// no defect
const { create, human, newApp, page, read, refuse, serve } = require("./right");

const app = newApp();
app.get("/signup", (req, res) => res.send(page()));
app.post("/signup", read, async (req, res) => {
  if (!(await human(req.body))) return refuse(res);
  create(req, res, req.body.email);
});
serve(app);
