#!/bin/sh
# One nginx process that gives the files of a folder, as fast as it can. Arguments: the folder, the port.
cat > "$1/nginx.conf" <<CONF
daemon off;
master_process off;
pid $1/nginx.pid;
error_log $1/nginx.log;
events { worker_connections 1024; }
http {
  access_log off;
  sendfile on;
  tcp_nopush on;
  keepalive_requests 1000000000;
  open_file_cache max=10;
  default_type application/json;
  client_body_temp_path $1/nginx-body;
  proxy_temp_path $1/nginx-proxy;
  fastcgi_temp_path $1/nginx-fastcgi;
  uwsgi_temp_path $1/nginx-uwsgi;
  scgi_temp_path $1/nginx-scgi;
  server { listen 127.0.0.1:$2; root $1; }
}
CONF
echo "listening: http://127.0.0.1:$2"
exec nginx -c "$1/nginx.conf" -e "$1/nginx.log"
