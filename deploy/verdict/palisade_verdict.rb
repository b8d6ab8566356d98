# Checks that a request came through the Palisade gateway. Copy this file; it needs
# nothing but Ruby's standard library. For Rack, which Rails and Sinatra are built on:
#
#   map "/signup" do
#     use PalisadeVerdict, keys: ENV["PALISADE_VERDICT_KEY"], form: "signup"
#     run Signup
#   end
#
# It lets GET, HEAD and OPTIONS pass, as pages have no verdict, and answers 403 to
# anything else that the gateway did not let through. The app finds the verdict in
# env["palisade.verdict"].
#
# In mode "session" the gateway has passed the body on unread, as it may be endless. The
# signature does not bind it and the check leaves rack.input alone. An app that needs the
# body bound refuses where env["palisade.verdict"]["mode"] is "session".
require "digest"
require "openssl"
require "stringio"

class PalisadeVerdict
  # keys: a line of `palisade verdict-key` or its hexadecimal part, or an array of the
  # current one and the one before. judged: false takes what was only watched, too.
  def initialize(app, keys:, form:, judged: true, limit: 32 << 20)
    @app, @keys, @form, @judged, @limit = app, self.class.keys(keys), form, judged, limit
  end

  def call(env)
    # Rack::MethodOverride may have come before: what was sent is what was signed.
    method = env["rack.methodoverride.original_method"] || env["REQUEST_METHOD"]
    return @app.call(env) if %w[GET HEAD OPTIONS].include?(method) && method == env["REQUEST_METHOD"]

    # Some servers decode PATH_INFO. REQUEST_URI, where there is one, is what the client wrote.
    target = env["REQUEST_URI"] || "#{env["SCRIPT_NAME"]}#{env["PATH_INFO"]}"
    verdict = self.class.verify(
      [env["HTTP_PALISADE_VERDICT"]].compact, @keys, form: @form, judged: @judged, method: method,
      host: env["HTTP_HOST"].to_s, target: target, body: -> { take(env) }
    )
    return [403, { "content-type" => "text/plain" }, ["Forbidden\n"]] unless verdict

    env["palisade.verdict"] = verdict
    @app.call(env)
  end

  # Returns the verdict, a hash of site, form, id, mode and t, or nil. `lines` are all
  # lines of the header, `target` is the path as the client wrote it. `body` may be a
  # lambda that reads it, or returns nil for one that is too long. Mode "session" does
  # not call it.
  def self.verify(lines, keys, form:, method:, host:, target:, body:, judged: true, now: Time.now.to_f)
    line = lines.first.to_s.b
    # Servers join two headers with a comma, which no verdict holds.
    return unless lines.size == 1 && line.bytesize <= 1024 && line.match?(/\A[!-+\--~]+(; [!-+\--~]+){6}\z/n)

    v = line.split("; ").to_h { |pair| name, value = pair.split("=", 2); [name, value.to_s] }
    return unless v.keys.sort == %w[form id mode sig site t v] && v["v"] == "1" && v["form"] == form
    return unless !judged || %w[enforce exempt session].include?(v["mode"])
    return unless v["t"].match?(/\A[0-9]{1,15}\z/) && (now - v["t"].to_i).abs <= 30

    digest = v["mode"] == "session" ? "-" : digest(body)
    return unless digest

    signed = ["palisade-verdict/1", v["site"], v["form"], host, method, path(target),
              digest, v["t"], v["id"], v["mode"]].map { |text| "#{text}\n".b }.join
    held = keys(keys).map do |key|
      sig = [OpenSSL::HMAC.digest("SHA256", key, signed)].pack("m0").tr("+/", "-_").delete("=")
      OpenSSL.secure_compare(sig, v["sig"]) # in constant time
    end
    v.slice("site", "form", "id", "mode", "t") if held.any?
  end

  def self.digest(body)
    body = body.call if body.respond_to?(:call)
    body && Digest::SHA256.hexdigest(body)
  end

  # A key that is not set must not become the empty key, with which anybody can sign.
  def self.keys(keys)
    keys = Array(keys).map do |text|
      next text if text.encoding == Encoding::BINARY && text.bytesize == 32 # read before
      match = text.match(/\A\s*(?:\S+\s+)?(\h{64})\s*\z/)
      match ? [match[1]].pack("H*") : raise(ArgumentError, "the key is a line of what `palisade verdict-key` prints")
    end
    keys.empty? ? raise(ArgumentError, "there is no key") : keys
  end

  # The path as it is signed: its escapes decoded once, or as it stands when one is broken.
  def self.path(target)
    path = target.b.sub(%r{\A[^/?]*://[^/?]*}n, "").split("?", 2).first.to_s
    path = path.gsub(/%(\h\h)/n) { $1.hex.chr } unless path.match?(/%(?!\h\h)/n)
    path.empty? ? "/" : path
  end

  private

  # The body, or nil if it is too long.
  def take(env)
    body = (env["rack.input"]&.read(@limit + 1) || "").b
    # Not every input can be rewound, so the app gets one that was not read.
    env["rack.input"] = StringIO.new(body)
    body if body.bytesize <= @limit
  end
end
