# Prints the mode of a verdict, and whether the check read the body; see unread_test.go.
checker, key, header = ARGV
require File.expand_path(checker)

# A body that tells whether it was read.
class Body < StringIO
  attr_reader :touched

  def read(*)
    @touched = true
    super
  end
end

body = Body.new("a=1")
env = { "REQUEST_METHOD" => "POST", "REQUEST_URI" => "/signup", "HTTP_HOST" => "example.com", "rack.input" => body,
        "HTTP_PALISADE_VERDICT" => header }
app = lambda do |given|
  unread = !body.touched && given["rack.input"].equal?(body)
  [200, {}, ["#{given["palisade.verdict"]["mode"]}, #{unread ? "unread" : "read"}"]]
end
status, _, answer = PalisadeVerdict.new(app, keys: key, form: "signup").call(env)
puts status == 200 ? answer : "refused"
