# A route of Sinatra, as `post` writes it, with the middleware that Sinatra brings.
require 'json'
require 'sinatra/base'

class Probe < Sinatra::Base
  set :environment, :production
  set :method_override, true

  post('/signup') do
    File.write(ENV['PROBE_FILE'], '1', mode: 'a')
    'done'
  end

  post('/form') { JSON.generate(form: params) }

  get('/effects') { JSON.generate(signup: File.size(ENV['PROBE_FILE'])) }
end

run Probe
