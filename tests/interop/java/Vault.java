import java.io.IOException;
import java.io.OutputStream;
import java.lang.reflect.Method;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.cryptomator.cryptofs.CryptoFileSystem;
import org.cryptomator.cryptofs.CryptoFileSystemProperties;
import org.cryptomator.cryptofs.CryptoFileSystemProvider;
import org.cryptomator.cryptofs.VaultConfig;
import org.cryptomator.cryptofs.health.api.DiagnosticResult;
import org.cryptomator.cryptofs.health.api.HealthCheck;
import org.cryptomator.cryptofs.migration.Migrators;
import org.cryptomator.cryptofs.migration.api.MigrationContinuationListener.ContinuationResult;
import org.cryptomator.cryptolib.api.Cryptor;
import org.cryptomator.cryptolib.api.CryptorProvider;
import org.cryptomator.cryptolib.api.Masterkey;
import org.cryptomator.cryptolib.api.MasterkeyLoader;
import org.cryptomator.cryptolib.common.MasterkeyFileAccess;

/** A vault as a whole, by the calls that the desktop application makes. */
final class Vault {
	private static final String CONFIG = "vault.cryptomator";
	private static final String MASTERKEY = "masterkey.cryptomator";
	private static final int FORMAT = 8;
	private static final int UNUSED = 999;	/* format in a masterkey file */
	private static final int COST = 32768;

	private final SecureRandom random = new SecureRandom();
	private final MasterkeyFileAccess keys =
	    new MasterkeyFileAccess(new byte[0], random);
	private final Path path;
	private final String password;

	Vault(String path, String password) {
		this.path = Path.of(path);
		this.password = password;
	}

	private MasterkeyLoader loader() {
		return id -> keys.load(path.resolve(MASTERKEY), password);
	}

	void init(String combo, int threshold, int cost) throws Exception {
		Files.createDirectory(path);
		try (Masterkey key = Masterkey.generate(random)) {
			persist(key, UNUSED, cost);
		}
		CryptoFileSystemProvider.initialize(path,
		    CryptoFileSystemProperties.cryptoFileSystemProperties()
			.withCipherCombo(CryptorProvider.Scheme.valueOf(combo))
			.withShorteningThreshold(threshold)
			.withKeyLoader(loader()).build(),
		    URI.create("masterkeyfile:" + MASTERKEY));
	}

	/**
	 * The application's own cost takes most of a round's time.  What takes
	 * another one is not public (cryptolib 2.1.2 and 2.2.1).
	 */
	private void persist(Masterkey key, int format, int cost)
	    throws Exception {
		if (cost == COST) {
			keys.persist(key, path.resolve(MASTERKEY), password,
			    format);
			return;
		}
		Method m = MasterkeyFileAccess.class.getDeclaredMethod(
		    "persist", Masterkey.class, OutputStream.class,
		    CharSequence.class, int.class, int.class);
		m.setAccessible(true);
		try (OutputStream out = Files.newOutputStream(
		    path.resolve(MASTERKEY))) {
			m.invoke(keys, key, out, password, format, cost);
		}
	}

	CryptoFileSystem open() throws IOException {
		return CryptoFileSystemProvider.newFileSystem(path,
		    CryptoFileSystemProperties.cryptoFileSystemProperties()
			.withKeyLoader(loader()).build());
	}

	/** As the application changes it: the old file stays as a backup. */
	void passwd(String next) throws IOException {
		Path file = path.resolve(MASTERKEY);
		byte[] changed = keys.changePassphrase(
		    Files.readAllBytes(file), password, next);
		Files.move(file, path.resolve(MASTERKEY + ".old.bkup"));
		Files.write(file, changed);
	}

	/** Format 7 is this, with SIV_CTRMAC and 220 (vault-format 2.5). */
	void downgrade(int cost) throws Exception {
		try (Masterkey key = loader().loadKey(null)) {
			persist(key, 7, cost);
		}
		Files.delete(path.resolve(CONFIG));
	}

	/** The application's migration; then the round's cost again. */
	void migrate(int cost) throws Exception {
		Migrators.get().migrate(path, CONFIG, MASTERKEY, password,
		    (state, progress) -> { },
		    event -> ContinuationResult.PROCEED);
		if (cost == COST)
			return;
		try (Masterkey key = loader().loadKey(null)) {
			persist(key, UNUSED, cost);
		}
	}

	/**
	 * The names of all health checks, and every result of each.  What is
	 * found is mended after its check, if that is wanted and known how.
	 */
	Map<String, Object> check(boolean mend) throws IOException {
		List<Object> names = new ArrayList<>();
		List<Object> out = new ArrayList<>();
		String token = Files.readString(path.resolve(CONFIG));
		try (Masterkey key = loader().loadKey(null)) {
			VaultConfig config = VaultConfig.decode(token)
			    .verify(key.getEncoded(), FORMAT);
			Cryptor cryptor = CryptorProvider
			    .forScheme(config.getCipherCombo())
			    .provide(key.copy(), random);
			for (HealthCheck c : HealthCheck.allChecks()) {
				List<DiagnosticResult> here = new ArrayList<>();
				c.check(path, config, key, cryptor, here::add);
				names.add(c.name());
				for (DiagnosticResult r : here) {
					out.add(describe(c, r));
					if (mend)
						mend(r, config, key, cryptor);
				}
			}
			cryptor.destroy();
		}
		return Map.of("checks", names, "results", out);
	}

	private static Map<String, Object> describe(HealthCheck c,
	    DiagnosticResult r) {
		return Map.of("check", c.name(),
		    "severity", r.getSeverity().name(),
		    "kind", r.getClass().getSimpleName(),
		    "text", r.toString());
	}

	private void mend(DiagnosticResult r, VaultConfig config,
	    Masterkey key, Cryptor cryptor) throws IOException {
		var fix = r.getFix(path, config, key, cryptor);
		if (fix.isPresent())
			fix.get().apply();
	}
}
