import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SeekableByteChannel;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFileAttributes;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.cryptomator.cryptofs.CryptoFileSystem;

/** All that can be seen in a vault.  What cannot be read has an "error". */
final class Listing {
	/** Content directories above: cryptofs walks in circles for ever. */
	private final Set<Object> above = new HashSet<>();
	private final List<Object> entries = new ArrayList<>();
	private final ByteBuffer buf = ByteBuffer.allocate(100_000);

	private final CryptoFileSystem fs;

	private Listing(CryptoFileSystem fs) {
		this.fs = fs;
	}

	static List<Object> of(CryptoFileSystem fs) throws IOException {
		Listing l = new Listing(fs);
		l.walk(fs.getPath("/"));
		return l.entries;
	}

	private void walk(Path dir) throws IOException {
		List<Path> here = new ArrayList<>();
		try (DirectoryStream<Path> ds = Files.newDirectoryStream(dir)) {
			ds.forEach(here::add);
		}
		for (Path p : here) {
			Map<String, Object> entry = new LinkedHashMap<>();
			entries.add(entry);
			try {
				if (describe(p, entry))
					descend(p, entry.get("ciphertext"));
			} catch (Exception e) {
				entry.put("error", e.toString());
			}
		}
	}

	private void descend(Path p, Object content) throws IOException {
		if (!above.add(content))
			throw new IOException("a directory in itself");
		walk(p);
		above.remove(content);
	}

	/** True for a directory. */
	private boolean describe(Path p, Map<String, Object> entry)
	    throws Exception {
		entry.put("path", p.toString());
		PosixFileAttributes a = Files.readAttributes(p,
		    PosixFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
		FileTime t = a.lastModifiedTime();
		entry.put("type", a.isDirectory() ? "dir" :
		    a.isSymbolicLink() ? "symlink" : "file");
		entry.put("mode", PosixFilePermissions.toString(
		    a.permissions()));
		entry.put("mtime", Math.floorDiv(t.to(TimeUnit.NANOSECONDS),
		    1_000_000_000L));
		entry.put("mtime_nsec", Math.floorMod(
		    t.to(TimeUnit.NANOSECONDS), 1_000_000_000L));
		entry.put("ciphertext", fs.getPathToVault().relativize(
		    fs.getCiphertextPath(p)).toString());
		if (a.isDirectory())
			return true;
		entry.put("size", a.size());
		if (a.isSymbolicLink())
			entry.put("target",
			    Files.readSymbolicLink(p).toString());
		else
			entry.put("sha256", digest(p));
		return false;
	}

	private String digest(Path p) throws Exception {
		MessageDigest md = MessageDigest.getInstance("SHA-256");
		try (SeekableByteChannel ch = Files.newByteChannel(p)) {
			while (ch.read(buf.clear()) != -1)
				md.update(buf.flip());
		}
		return HexFormat.of().formatHex(md.digest());
	}
}
