import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.FileSystem;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NotDirectoryException;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributeView;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.MessageDigest;
import java.time.Instant;
import java.util.Arrays;
import java.util.Set;

/**
 * Carries out a script of tests/interop (README.md has the operations).  A
 * channel stays open as long as lines go on about the same file in the same
 * manner, since much of what can go wrong in cryptofs' cache of chunks needs
 * more than one write to a channel.
 */
final class Script implements AutoCloseable {
	private final FileSystem fs;
	private FileChannel open;
	private String openFor;

	Script(FileSystem fs) {
		this.fs = fs;
	}

	@Override
	public void close() throws IOException {
		FileChannel was = open;
		open = null;
		openFor = null;
		if (was != null)
			was.close();
	}

	/** One line of the script. */
	void run(String[] w) throws Exception {
		if (!w[0].equals("fail")) {
			operation(w);
			return;
		}
		try {
			operation(Arrays.copyOfRange(w, 2, w.length));
		} catch (IOException e) {
			return;		/* which one differs from POSIX */
		}
		throw new IllegalStateException("should have failed");
	}

	private void operation(String[] w) throws Exception {
		switch (w[0]) {
		case "write" -> write(channel(w[1], "w",
		    StandardOpenOption.WRITE, StandardOpenOption.CREATE),
		    Long.parseLong(w[2]), data(w[3], w[4]));
		case "append" -> write(channel(w[1], "a",
		    StandardOpenOption.APPEND), -1, data(w[2], w[3]));
		case "truncate" -> truncate(channel(w[1], "w",
		    StandardOpenOption.WRITE), Long.parseLong(w[2]));
		case "sync" -> channel(w[1], "w",
		    StandardOpenOption.WRITE).force(true);
		default -> {
			close();
			change(w);
		}
		}
	}

	private void change(String[] w) throws Exception {
		Path p = fs.getPath(w[1]);
		switch (w[0]) {
		case "create" -> Files.newByteChannel(p,
		    StandardOpenOption.CREATE_NEW,
		    StandardOpenOption.WRITE).close();
		case "mkdir" -> Files.createDirectory(p);
		case "symlink" -> Files.createSymbolicLink(p,
		    fs.getPath(w[2]));
		case "rename" -> rename(p, fs.getPath(w[2]));
		case "delete" -> Files.delete(p);
		case "rmdir" -> rmdir(p);
		case "utime" -> Files.getFileAttributeView(p,
		    BasicFileAttributeView.class, LinkOption.NOFOLLOW_LINKS)
		    .setTimes(FileTime.from(Instant.ofEpochSecond(
		    Long.parseLong(w[2]), Long.parseLong(w[3]))), null, null);
		case "chmod" -> Files.setPosixFilePermissions(p,
		    permissions(Integer.parseInt(w[2], 8)));
		default -> throw new IllegalArgumentException(
		    "no operation " + w[0]);
		}
	}

	/**
	 * The source is looked at first, as any mount would.  Without that,
	 * cryptofs (2.6.9 to 2.9.0) keeps an id that it made up for the new
	 * name of a directory it has not seen, and finds nothing beneath.
	 */
	private static void rename(Path from, Path to) throws IOException {
		Files.readAttributes(from, BasicFileAttributes.class,
		    LinkOption.NOFOLLOW_LINKS);
		Files.move(from, to, StandardCopyOption.REPLACE_EXISTING);
	}

	private static void rmdir(Path p) throws IOException {
		if (!Files.isDirectory(p, LinkOption.NOFOLLOW_LINKS))
			throw new NotDirectoryException(p.toString());
		Files.delete(p);
	}

	private FileChannel channel(String path, String manner,
	    OpenOption... options) throws IOException {
		String key = manner + path;
		if (!key.equals(openFor)) {
			close();
			open = FileChannel.open(fs.getPath(path), options);
			openFor = key;
		}
		return open;
	}

	private static void write(FileChannel ch, long off, byte[] data)
	    throws IOException {
		ByteBuffer b = ByteBuffer.wrap(data);
		if (off >= 0)
			ch.position(off);
		while (b.hasRemaining())
			ch.write(b);
	}

	/** To more than there is: zeros, as the application's mount does. */
	private static void truncate(FileChannel ch, long size)
	    throws IOException {
		if (size > ch.size())
			write(ch, size - 1, new byte[1]);
		else
			ch.truncate(size);
	}

	private static Set<PosixFilePermission> permissions(int mode) {
		StringBuilder s = new StringBuilder("rwxrwxrwx");
		for (int i = 0; i < 9; i++)
			if ((mode & 0400 >> i) == 0)
				s.setCharAt(i, '-');
		return PosixFilePermissions.fromString(s.toString());
	}

	/** SHA-256 of (seed, 0), of (seed, 1), ..., joined and cut to len. */
	private static byte[] data(String seed, String len) throws Exception {
		MessageDigest md = MessageDigest.getInstance("SHA-256");
		byte[] out = new byte[Integer.parseInt(len)];
		ByteBuffer in = ByteBuffer.allocate(16);
		in.putLong(0, Long.parseUnsignedLong(seed, 16));
		for (int i = 0; i < out.length; i += 32) {
			in.putLong(8, i / 32);
			byte[] block = md.digest(in.array());
			System.arraycopy(block, 0, out, i,
			    Math.min(32, out.length - i));
		}
		return out;
	}
}
