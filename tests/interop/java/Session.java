import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystem;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import org.cryptomator.cryptofs.CryptoFileSystem;

/**
 * Cryptomator's library on a string: commands on standard input, one a line,
 * and for each one line of JSON on standard output.  One JVM serves any number
 * of vaults; each command opens its vault anew, so that no cache of cryptofs
 * outlives what others change in between.  The end of standard input is the
 * end of the process, whatever it is at: whoever has started it may be dead.
 *
 *   init VAULT PASSWORD COMBO THRESHOLD COST
 *   list VAULT PASSWORD
 *   apply VAULT PASSWORD SCRIPT
 *   check VAULT PASSWORD
 *   fix VAULT PASSWORD
 *   passwd VAULT PASSWORD NEW
 *   downgrade VAULT PASSWORD COST
 *   migrate VAULT PASSWORD COST
 *   version
 */
final class Session {
	private Session() {
	}

	public static void main(String[] args) throws Exception {
		BlockingQueue<String> lines = new LinkedBlockingQueue<>();
		PrintStream out = new PrintStream(System.out, true,
		    StandardCharsets.US_ASCII);
		Thread reader = new Thread(() -> read(lines), "reader");
		reader.setDaemon(true);
		reader.start();
		while (true)
			out.println(Words.json(answer(lines.take())));
	}

	private static void read(BlockingQueue<String> lines) {
		BufferedReader in = new BufferedReader(new InputStreamReader(
		    System.in, StandardCharsets.US_ASCII));
		try {
			String line;
			while ((line = in.readLine()) != null)
				lines.add(line);
		} catch (IOException e) {
			e.printStackTrace();
		}
		Runtime.getRuntime().halt(0);
	}

	private static Map<String, Object> answer(String line) {
		Map<String, Object> reply = new LinkedHashMap<>();
		try {
			reply.put("result", run(Words.split(line)));
			reply.put("ok", true);
		} catch (Exception | LinkageError | AssertionError e) {
			reply.put("ok", false);
			reply.put("error", e.toString());
			e.printStackTrace();
		}
		return reply;
	}

	private static Object run(String[] w) throws Exception {
		if (w[0].equals("version"))
			return System.getProperty("java.version");
		Vault v = new Vault(w[1], w[2]);
		switch (w[0]) {
		case "init" -> v.init(w[3], Integer.parseInt(w[4]),
		    Integer.parseInt(w[5]));
		case "apply" -> apply(v, Path.of(w[3]));
		case "passwd" -> v.passwd(w[3]);
		case "downgrade" -> v.downgrade(Integer.parseInt(w[3]));
		case "migrate" -> v.migrate(Integer.parseInt(w[3]));
		case "check" -> {
			return v.check(false);
		}
		case "fix" -> {
			return v.check(true);
		}
		case "list" -> {
			try (CryptoFileSystem fs = v.open()) {
				return Listing.of(fs);
			}
		}
		default -> throw new IllegalArgumentException(
		    "no command " + w[0]);
		}
		return null;
	}

	private static void apply(Vault v, Path script) throws Exception {
		int n = 0;
		try (FileSystem fs = v.open(); Script s = new Script(fs)) {
			for (String line : Files.readAllLines(script)) {
				n++;
				String[] w = Words.split(line);
				if (w.length > 0)
					s.run(w);
			}
		} catch (Exception e) {
			throw new Exception("line " + n + ": " + e, e);
		}
	}
}
