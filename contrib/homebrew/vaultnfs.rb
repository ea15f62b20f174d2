# Homebrew formula: a skeleton, until there is a release to point at.
class Vaultnfs < Formula
  desc "Serve Cryptomator vaults over NFSv3, without FUSE"
  homepage "https://cryptomator.org"
  url "file:///path/to/vaultnfs-0.1.tar.gz"
  version "0.1"
  license "Apache-2.0"

  depends_on "pkgconf" => :build
  depends_on "confuse"
  depends_on "jansson"
  depends_on "libev"
  depends_on "libmicrohttpd"
  depends_on "mimalloc"
  depends_on "openssl@3"
  depends_on "utf8proc"

  def install
    # libev has no pkg-config file
    ENV.append "CPPFLAGS", "-I#{Formula["libev"].opt_include}"
    ENV.append "LDFLAGS", "-L#{Formula["libev"].opt_lib}"
    system "./configure", "--disable-silent-rules", *std_configure_args
    system "make"
    system "make", "install"
  end

  service do
    run [opt_bin/"vaultnfs", "serve", "#{Dir.home}/Vault", "--port", "12049",
         "--password-command", "security find-generic-password -s vaultnfs -w"]
    keep_alive successful_exit: false
    error_log_path var/"log/vaultnfs.log"
  end

  test do
    (testpath/"pw").write "password\n"
    ENV["VAULTNFS_FAST_KDF"] = "1"
    system bin/"vaultnfs", "init", "v", "--scrypt-cost", "1024", "--password-file", "pw"
    system bin/"vaultnfs", "put", "v", "pw", "/f", "--password-file", "pw"
    assert_equal "password", shell_output("#{bin}/vaultnfs cat v /f --password-file pw").strip
  end
end
