# Runs the checker over vectors: a line each, of fields in hexadecimal; see vectors_test.go.
require File.expand_path(ARGV[0])
$stdin.each_line do |line|
  keys, form, judged, headers, method, host, target, body, now = line.chomp.split("\t", -1).map { |hex| [hex].pack("H*") }
  v = PalisadeVerdict.verify(headers.split("\n"), keys.split("\n"), form: form, judged: judged == "judged", method: method,
                             host: host, target: target, body: body, now: now.to_f)
  puts v ? v.values_at("site", "form", "id", "mode", "t").join(" ") : "refused"
end
