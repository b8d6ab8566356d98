# A small app that requires the verdict.
require "rack"
require "#{ENV["CHECKERS"]}/palisade_verdict"

users = []
signup = lambda do |env|
  users << Rack::Request.new(env).POST["user"].to_s
  [200, { "content-type" => "text/plain" }, ["done"]]
end

map "/signup" do
  use PalisadeVerdict, keys: ENV["PALISADE_VERDICT_KEY"], form: "signup"
  run signup
end

map "/" do
  use Rack::MethodOverride
  use PalisadeVerdict, keys: ENV["PALISADE_VERDICT_KEY"], form: "signup"
  run ->(env) { env["REQUEST_METHOD"] == "GET" ? [200, { "content-type" => "text/plain" }, users.map { |user| "#{user}\n" }] : signup.call(env) }
end
